import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { Labels } from "../../../engine/labels/labels.ts";
import { Matcher } from "../../../engine/labels/matcher.ts";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import type { Database } from "../../../engine/tsdb/database.ts";
import { exportSamples } from "../../../server/cli/export.ts";
import { importSamples } from "../../../server/cli/import.ts";
import { seriesText, timeText } from "../../../server/cli/sample_text.ts";
import { fillAbsent, isAbsent, isStale, wordsOf } from "../../../engine/sample.ts";
import { openDirectory } from "../../../server/storage/directory.ts";
import type { ExportRequest } from "../../../server/config/requests.ts";
import {
  named,
  Output,
  read,
  readerOf,
  type Samples,
  samplesOf,
  selectAll,
  withDatabases,
  withTempDir,
} from "./_cli.ts";

const nothingGiven: ExportRequest = {
  storagePath: undefined,
  url: undefined,
  matches: [],
  start: undefined,
  end: undefined,
  output: "-",
};

async function exported(request: Partial<ExportRequest>): Promise<Output & { code: number }> {
  const io = new Output();
  return Object.assign(io, { code: await exportSamples({ ...nothingGiven, ...request }, io) });
}

async function importText(path: string, text: string): Promise<void> {
  const io = new Output();
  const code = await importSamples({ file: "-", storagePath: path, labels: {} }, io, {
    stdin: readerOf(text),
  });
  assert.equal(code, 0, io.err);
}

const SMALL = `b{x="1"} 1 10
b{x="1"} 2 20
b{x="0"} 3 10.5
a NaN 10
a +Inf 20
a -Inf 30
a -0 40
"}{`.split('"}{')[0] + '{"c.d",e="f\\n\\"\\\\"} 1.5e-300 0\n# EOF\n';

Deno.test("export writes metrics and series in order, and what import reads back", async () => {
  await withTempDir(async (path) => {
    await importText(join(path, "one"), SMALL);
    const { code, out, err } = await exported({ storagePath: join(path, "one") });
    assert.equal(err, "");
    assert.equal(code, 0);
    assert.equal(
      out,
      `a NaN 10\na +Inf 20\na -Inf 30\na -0 40\nb{x="0"} 3 10.5\nb{x="1"} 1 10\nb{x="1"} 2 20\n` +
        `{"c.d",e="f\\n\\"\\\\"} 1.5e-300 0\n# EOF\n`,
    );
    await importText(join(path, "two"), out);
    assert.deepEqual(await read(join(path, "two")), await read(join(path, "one")));
  });
});

Deno.test("export writes only the series and the range that were asked for, to a file", async () => {
  await withTempDir(async (path) => {
    await importText(join(path, "data"), SMALL);
    const output = join(path, "out.om");
    const request = { storagePath: join(path, "data"), output, matches: ['b{x="1"}', '{x=~"1|2"}', "a"] };
    const { code, out, err } = await exported({ ...request, start: "1970-01-01T00:00:11Z", end: "30" });
    assert.equal(code, 0, err);
    assert.equal(out, "");
    assert.match(err, /^Exported 3 samples to /);
    assert.equal(await Deno.readTextFile(output), `a +Inf 20\na -Inf 30\nb{x="1"} 2 20\n# EOF\n`);
    const none = await exported({ ...request, output: "-", start: "50" });
    assert.equal(none.out, "# EOF\n");
    const left = (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name).sort();
    assert.deepEqual(left, ["data", "out.om"], "no partial file");
  });
});

Deno.test("export to a pipe or device writes to it and leaves it what it is", async () => {
  await withTempDir(async (path) => {
    await importText(join(path, "data"), SMALL);
    const pipe = join(path, "pipe");
    assert.equal((await new Deno.Command("mkfifo", { args: [pipe] }).output()).code, 0);
    const reader = new Deno.Command("cat", { args: [pipe], stdout: "piped" }).spawn();
    const { code, err } = await exported({
      storagePath: join(path, "data"),
      output: pipe,
      matches: ["b"],
      start: "15",
    });
    assert.equal(code, 0, err);
    const { stdout } = await reader.output();
    assert.equal(new TextDecoder().decode(stdout), `b{x="1"} 2 20\n# EOF\n`);
    assert.ok((await Deno.stat(pipe)).isFifo);
  });
});

Deno.test("export leaves out staleness markers, histograms, start timestamps and series without a name, and tells of all but the first", async () => {
  await withTempDir(async (path) => {
    await withDatabases(path, async ([database]) => {
      const x = database.refFor(Labels.from({ __name__: "x" }));
      database.appendSample(x, 1000, 1, 500);
      database.appendStale(x, 2000);
      database.appendHistogram(
        database.refFor(Labels.from({ __name__: "h" })),
        1000,
        new FloatHistogram({ count: 1 }),
      );
      database.appendSample(database.refFor(Labels.from({ a: "b" })), 1000, 1);
      await database.flush();
    });
    const { code, out, err } = await exported({ storagePath: path });
    assert.equal(code, 0);
    assert.equal(out, "x 1 1\n# EOF\n");
    assert.match(err, /Left out 1 native histogram,/);
    assert.match(err, /Left out the start timestamps of 1 series:/);
    assert.match(err, /Left out 1 series without a metric name/);
  });
});

Deno.test.each([
  { name: "a selector", request: { matches: ["{"] }, want: /Cannot use --match "\{": / },
  {
    name: "a start",
    request: { start: "yesterday" },
    want: /Cannot use --start: cannot parse "yesterday".*give Unix seconds/,
  },
  { name: "a directory", request: {}, want: /No data directory at / },
  {
    name: "a server",
    request: { url: "http://127.0.0.1:1", storagePath: undefined },
    want: /Cannot reach http:\/\/127.0.0.1:1\/: /,
  },
])("export refuses $name that it cannot use", async ({ request, want }) => {
  await withTempDir(async (path) => {
    const { code, out, err } = await exported({ storagePath: path, ...request });
    assert.equal(code, 1);
    assert.match(err, want);
    assert.equal(out, "");
  });
});

Deno.test("export refuses a directory in use", async () => {
  await withTempDir(async (path) => {
    const held = await openDirectory(path, { defaultShardCount: 1, nowMs: 0 });
    const { code, err } = await exported({ storagePath: path });
    held.close();
    assert.equal(code, 1);
    assert.match(err, /is using it/);
  });
});

// --- Properties ----------------------------------------------------------------------------------------------------

const label = fc.tuple(
  fc.constantFrom("a", "b", "le", "dotted.name", "é"),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }),
);
const labelSet = fc.tuple(
  fc.constantFrom("m", "m_total", "n", "my.metric", 'q"\\\n'),
  fc.uniqueArray(label, { maxLength: 3, selector: ([name]) => name }),
)
  .map(([name, labels]) => Labels.from([["__name__", name], ...labels]));
const value = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(NaN, Infinity, -Infinity, -0, 0.1));
const timeMs = fc.oneof(
  fc.integer({ min: 1_700_000_000_000, max: 1_700_030_000_000 }),
  fc.integer({ min: -100_000, max: 100_000 }),
  fc.maxSafeInteger().map((ms) => ms % 2 ** 49),
);
const contents = fc.uniqueArray(
  fc.record({
    labels: labelSet,
    samples: fc.uniqueArray(fc.tuple(timeMs, value), { selector: ([ms]) => ms, minLength: 1, maxLength: 20 }),
  }),
  { selector: ({ labels }) => labels.key(), maxLength: 8 },
);

Deno.test("export(import(x)) has the samples of x, and import(export(import(x))) stores them again", async () => {
  await fc.assert(
    fc.asyncProperty(contents, fc.boolean(), async (series, interleaved) => {
      await withTempDir(async (path) => {
        const lines = series.flatMap(({ labels, samples }) =>
          samples.map(([ms, number]) => {
            const text = Object.is(number, -0) ? "-0" : String(number).replace("Infinity", "Inf");
            return `${seriesText(labels)} ${text} ${timeText(ms)}\n`;
          })
        );
        if (interleaved) lines.sort();
        await importText(join(path, "one"), lines.join("") + "# EOF\n");
        const want: Samples = {};
        for (const { labels, samples } of series) {
          want[labels.toString()] = samples.toSorted((a, b) => a[0] - b[0]).map((
            [ms, number],
          ) => [ms + 0, number]);
        }
        assert.deepEqual(await read(join(path, "one")), want);
        const { code, out } = await exported({ storagePath: join(path, "one") });
        assert.equal(code, 0);
        assert.equal(out.split("\n").length, lines.length + 2);
        await importText(join(path, "two"), out);
        assert.deepEqual(await read(join(path, "two")), want);
      });
    }),
    { numRuns: 12 },
  );
});

Deno.test("timeText() reads back as the same ms when seconds are multiplied and cut off", () => {
  fc.assert(fc.property(timeMs, (ms) => assert.equal(Math.trunc(Number(timeText(ms)) * 1000) + 0, ms + 0)));
});

// --- From a running server -----------------------------------------------------------------------------------------

/** Answers the questions that export asks from databases, as the HTTP API would. */
function serveApi(databases: readonly Database[], queries: string[]): Deno.HttpServer<Deno.NetAddr> {
  const parse = (selector: string) =>
    [...selector.matchAll(/(\w+)(=~|!~|!=|=)("(?:[^"\\]|\\.)*")/g)].map(([, name, type, quoted]) =>
      new Matcher(type as "=", name, JSON.parse(quoted))
    );
  const select = async (selector: string, startMs: number, endMs: number) => {
    const matchers = parse(selector);
    return (await Promise.all(databases.map((database) => database.select({ matchers, startMs, endMs }))))
      .flat();
  };
  const success = (data: unknown) => Response.json({ status: "success", data });
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const url = new URL(request.url);
    const form = request.method === "POST" ? new URLSearchParams(await request.text()) : url.searchParams;
    if (request.headers.get("authorization") !== `Basic ${btoa("me:s3:cret")}`) {
      return new Response("Unauthorized\n", { status: 401 });
    }
    switch (url.pathname) {
      case "/prefix/api/v1/status/tsdb":
        return success({ headStats: { minTime: 9.2e18, maxTime: -9.2e18 } });
      case "/prefix/api/v1/status/tsdb/blocks":
        return success({
          blocks: databases.flatMap(({ blocks }) => blocks.map(({ minMs }) => ({ minTime: minMs }))),
        });
      case "/prefix/api/v1/label/__name__/values": {
        const lists = form.getAll("match[]");
        const found = await Promise.all(
          (lists.length === 0 ? ['{__name__!=""}'] : lists).map((text) => select(text, -Infinity, Infinity)),
        );
        return success([...new Set(found.flat().map(({ labels }) => labels.get("__name__")))]);
      }
      case "/prefix/api/v1/series":
        return success(
          (await select(form.get("match[]")!, -Infinity, Infinity)).map(({ labels }) => labels.toObject()),
        );
      case "/prefix/api/v1/query": {
        const [, selector, range] = /^(\{.*\})\[(\d+)ms\]$/s.exec(form.get("query")!)!;
        queries.push(selector);
        const endMs = Math.round(Number(form.get("time")) * 1000);
        const found = await select(selector, endMs - Number(range) + 1, endMs); // its start is excluded
        return success({
          resultType: "matrix",
          result: found.map(({ labels, times, values }) => {
            const words = wordsOf(values);
            const shown = [...times].map((ms, i) =>
              [
                ms / 1000,
                Object.is(values[i], -0)
                  ? "-0"
                  : String(values[i]).replace(/^(-?)Infinity/, (_, sign) => `${sign || "+"}Inf`),
                i,
              ] as const
            );
            return {
              metric: labels.toObject(),
              values: shown.filter(([, , i]) => !isAbsent(words, i) && !isStale(words, i)).map((
                [ms, text],
              ) => [ms, text]),
            };
          }),
        });
      }
    }
    return new Response("404 page not found\n", { status: 404 });
  });
}

Deno.test("export --url writes the same samples as an export of the directory, also in many stretches", async () => {
  await withTempDir(async (path) => {
    const many = Array.from({ length: 3000 }, (_, i) => `z{i="${i % 3}"} ${i} ${1_000_000 + i * 7919}\n`)
      .join("");
    await importText(path, SMALL.replace("# EOF\n", many + "# EOF\n"));
    const all = await exported({ storagePath: path });
    const some = await exported({ storagePath: path, matches: ['{x="1"}', "b", "a"], start: "15" });
    await withDatabases(path, async (databases) => {
      const queries: string[] = [];
      const server = serveApi(databases, queries);
      const url = `http://me:s3%3Acret@127.0.0.1:${server.addr.port}/prefix`;
      try {
        const got = await exported({ url });
        assert.equal(got.err, "");
        const sorted = (text: string) => text.split("\n").sort(); // stretches interleave the series of a metric
        assert.deepEqual(sorted(got.out), sorted(all.out));
        assert.ok(got.out.endsWith("\n# EOF\n"));
        assert.ok(queries.length > 4, "the last metric takes more than one query");
        assert.equal((await exported({ url, matches: ['{x="1"}', "b", "a"], start: "15" })).out, some.out);
        const refused = await exported({ url: url.replace("me:s3%3Acret@", "") });
        assert.match(refused.err, /answered 401 .*Unauthorized: put user and password into --url/);
        const lost = await exported({ url: `${url}/nowhere` });
        assert.match(lost.err, /answered 404 .*check --url, with its path prefix/);
        assert.equal(lost.code, 1);
      } finally {
        await server.shutdown();
      }
    });
  });
});

Deno.test("a row's series keep their samples through export and import beside those of the head", async () => {
  await withTempDir(async (path) => {
    await withDatabases(join(path, "one"), async ([database]) => {
      const group = database.group("target");
      const row = new Float64Array(2), words = wordsOf(row);
      const slots = ["x", "y"].map((name) => database.slotFor(group, Labels.from({ __name__: name })));
      for (let i = 0; i < 100; i++) {
        row[slots[0]] = i;
        if (i % 2 === 0) row[slots[1]] = -i;
        else fillAbsent(words, slots[1], slots[1] + 1);
        database.append(group, 1000 * i, words, false);
      }
      await database.commit(); // stays in the log
    });
    const { out } = await exported({ storagePath: join(path, "one") });
    await importText(join(path, "two"), out);
    const want = await read(join(path, "one"));
    assert.equal(want[named("x")].length, 100);
    await withDatabases(join(path, "two"), async (databases) => {
      assert.deepEqual(samplesOf(await selectAll(databases)), want);
    });
  });
});
