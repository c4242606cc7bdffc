import assert from "node:assert/strict";
import { join } from "node:path";
import { Matcher } from "../../../engine/labels/matcher.ts";
import { importSamples } from "../../../server/cli/import.ts";
import { openDirectory } from "../../../server/storage/directory.ts";
import { named, Output, read, readerOf, selectAll, withDatabases, withTempDir } from "./_cli.ts";

async function importText(
  path: string,
  text: string,
  { labels = {}, samplesMax, size }: { labels?: Record<string, string>; samplesMax?: number; size?: number } =
    {},
) {
  const io = new Output();
  const options = { stdin: readerOf(text, size), ...(samplesMax === undefined ? {} : { samplesMax }) };
  const code = await importSamples({ file: "-", storagePath: path, labels }, io, options);
  return { code, out: io.out, err: io.err };
}

Deno.test("import stores OpenMetrics with every kind of value and name, in pieces of any size", async () => {
  const text = `# HELP a Some text.
# TYPE a counter
# UNIT a ${""}
a_total 1 1700000000.25
a_total NaN 1700000015.001
a_total +Inf 1700000030
a_total -Inf 1700000045 # {trace="x"} 1 1700000045
a_total -0 1700000060.999
# TYPE h histogram
h_bucket{le="1"} 3 0
h_bucket{le="+Inf"} 5e-3 -1.5
{"my.name","a.b"="x\\ny\\"\\\\"} 9007199254740993 1
# EOF
`.replace("# UNIT a \n", "");
  for (const size of [1, 7, 1 << 16]) {
    await withTempDir(async (path) => {
      const { code, out, err } = await importText(path, text, { size });
      assert.equal(err, "");
      assert.equal(code, 0);
      assert.match(out, /^Imported 8 samples of 4 series into /);
      assert.deepEqual(await read(path), {
        [named("a_total")]: [
          [1700000000250, 1],
          [1700000015001, NaN],
          [1700000030000, Infinity],
          [1700000045000, -Infinity],
          [1700000060999, -0],
        ],
        [named("h_bucket", { le: "1.0" })]: [[0, 3]],
        [named("h_bucket", { le: "+Inf" })]: [[-1500, 0.005]],
        [named("my.name", { "a.b": 'x\ny"\\' })]: [[1000, 9007199254740992]],
      });
    });
  }
});

Deno.test("import says what a server will make of old samples and of those ahead of the clock", async () => {
  const nowMs = Date.UTC(2026, 0, 31), day = 86_400, hour = 3600;
  const cases: [seconds: number, out: RegExp, err: RegExp][] = [
    [nowMs / 1000 - 14 * day, /\(1 block\)\n$/, /^$/],
    [
      nowMs / 1000 - 16 * day,
      /The first sample is of 2026-01-15T00:00Z\. .* --storage\.tsdb\.retention\.time/,
      /^$/,
    ],
    [nowMs / 1000 + hour, /\(1 block\)\n$/, /^$/],
    [nowMs / 1000 + 2 * hour, /\(1 block\)\n$/, /^Warning: the last sample is of 2026-01-31T02:00Z, ahead/],
  ];
  for (const [seconds, out, err] of cases) {
    await withTempDir(async (path) => {
      const io = new Output();
      const options = { stdin: readerOf(`a 1 ${seconds}\n# EOF\n`), nowMs };
      assert.equal(await importSamples({ file: "-", storagePath: path, labels: {} }, io, options), 0);
      assert.match(io.out, out);
      assert.match(io.err, err);
    });
  }
});

Deno.test("import takes the text format where the first timestamp counts ms", async () => {
  await withTempDir(async (path) => {
    const { code, err } = await importText(
      path,
      `# TYPE up untyped\n\nup{a="b"} 1 1700000000000\n up {a="c",} 2 1700000000001`,
    );
    assert.equal(err, "");
    assert.equal(code, 0);
    assert.deepEqual(await read(path), {
      [named("up", { a: "b" })]: [[1700000000000, 1]],
      [named("up", { a: "c" })]: [[1700000000001, 2]],
    });
  });
});

Deno.test("import adds labels over those of the text and keeps the first of several samples of one time", async () => {
  await withTempDir(async (path) => {
    const text = 'x{job="own"} 3 30\nx{job="own"} 1 10\nx{job="own"} 7 30\nx{job="own"} 2 20\n# EOF';
    const { code } = await importText(path, text, { labels: { job: "given", "dc.name": "é" } });
    assert.equal(code, 0);
    assert.deepEqual(await read(path), {
      [named("x", { job: "given", "dc.name": "é" })]: [[10_000, 1], [20_000, 2], [30_000, 3]],
    });
  });
});

Deno.test("import puts series in the shard that has them, beside samples that are there, over old deletions", async () => {
  await withTempDir(async (path) => {
    const lines = (value: number, from: number) =>
      Array.from(
        { length: 40 },
        (_, i) => `m${i % 8}{i="${i}"} ${value} ${from}\nm${i % 8}{i="${i}"} ${value} ${from + 1}\n`,
      )
        .join("") + "# EOF\n";
    assert.equal((await importText(path, lines(1, 100))).code, 0);
    await withDatabases(path, async (databases) => {
      for (const database of databases) {
        await database.deleteSeries([new Matcher("=", "i", "3")], -Infinity, Infinity);
      }
    });
    assert.equal((await importText(path, lines(2, 101))).code, 0);
    await withDatabases(path, async (databases) => {
      const sizes = databases.map(({ index }) => index.all().length);
      assert.equal(sizes.reduce((sum, size) => sum + size), 40, "no series is in two shards");
      assert.ok(sizes.every((size) => size > 0), `shards have ${sizes} series`);
      assert.equal((await selectAll(databases)).length, 40);
    });
    const samples = await read(path);
    assert.deepEqual(samples[named("m0", { i: "0" })], [[100_000, 1], [101_000, 1], [102_000, 2]]);
    assert.deepEqual(samples[named("m3", { i: "3" })], [[101_000, 2], [102_000, 2]]);
  });
});

Deno.test("import gives series of equal timestamps one time column, in many batches and windows as well", async () => {
  await withTempDir(async (path) => {
    let text = "";
    const want: Record<string, [number, number][]> = {};
    for (let series = 0; series < 12; series++) {
      const list: [number, number][] = want[named("m", { i: String(series) })] = [];
      for (let i = 0; i < 2000; i++) {
        const seconds = 1_700_000_000 + i * 60 + series % 3;
        text += `m{i="${series}"} ${series * i} ${seconds}\n`;
        list.push([seconds * 1000, series * i]);
      }
    }
    assert.equal((await importText(path, text + "# EOF\n", { samplesMax: 5000 })).code, 0);
    assert.deepEqual(await read(path), want);
    assert.equal((await importText(path, text + "# EOF\n")).code, 0, "again, all in one batch");
    assert.deepEqual(await read(path), want);
  });
  await withTempDir(async (path) => {
    const text = [0, 1, 2].flatMap((i) => [1, 2, 3].map((t) => `m{i="${i}"} ${i} ${t}\n`)).join("") +
      "# EOF\n";
    assert.equal((await importText(path, text)).code, 0);
    await withDatabases(path, async (databases) => {
      for (const database of databases) {
        const times = new Set((await selectAll([database])).map((series) => series.times));
        assert.ok(times.size <= 1, "shared within a shard");
        assert.ok(database.blocks.length <= 1);
      }
    });
  });
});

Deno.test.each([
  { name: "no # EOF", text: "x 1 1\n", want: /standard input: line 2: data does not end with # EOF/ },
  { name: "nothing at all", text: "", want: /the text is empty/ },
  {
    name: "a sample without a timestamp",
    text: "# TYPE x gauge\nx 1 1\nx 2\n# EOF\n",
    want: /line 3: sample without a timestamp: "x 2"/,
  },
  {
    name: "the same in the text format",
    text: "x 1 1700000000000\n\nx 2",
    want: /line 3: sample without a timestamp: "x 2"/,
  },
  {
    name: "a timestamp in the far future",
    text: "x 1 1\nx 1 1e15\n# EOF\n",
    want: /line 2: timestamp out of range: "x 1 1e15"/,
  },
  { name: "a broken line", text: "x 1 1\nx{ 1 1\n# EOF\n", want: /line 2: expected label name, got " "/ },
  { name: "bytes that are no text", text: "\u0000\u0001\n", want: /line 1: expected a valid start token/ },
  { name: "text after the end", text: "x 1 1\n# EOF\nx 2 2\n", want: /line 2: unexpected data after # EOF/ },
])("import refuses $name and stores nothing", async ({ text, want }) => {
  await withTempDir(async (path) => {
    const { code, out, err } = await importText(path, text, { samplesMax: 1 });
    assert.match(err, want);
    assert.equal(out, "");
    assert.equal(code, 1);
    assert.deepEqual(await read(path), {});
  });
});

Deno.test("import refuses a directory in use, a file that is not there, a bad label, and says so", async () => {
  await withTempDir(async (path) => {
    const io = new Output();
    const request = { file: join(path, "none"), storagePath: join(path, "data"), labels: {} };
    assert.equal(await importSamples(request, io), 1);
    assert.match(io.err, /Cannot read .*none: no such file/);
    const held = await openDirectory(join(path, "data"), { defaultShardCount: 1, nowMs: 0 });
    const { code, err } = await importText(join(path, "data"), "# EOF\n");
    held.close();
    assert.equal(code, 1);
    assert.match(err, /is using it: stop that process/);
    assert.match(
      (await importText(join(path, "data"), "# EOF\n", { labels: { "": "x" } })).err,
      /not a label name/,
    );
  });
});

Deno.test("a killed import leaves the directory as it was", async () => {
  await withTempDir(async (parent) => {
    const path = join(parent, "data");
    assert.equal((await importText(path, "there 1 1\n# EOF\n")).code, 0);
    const before = await read(path);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--unstable-kv", new URL("./_endless_import.ts", import.meta.url).pathname, path],
      stdout: "piped",
    }).spawn();
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      if (text.includes("blocks written")) break;
    }
    child.kill("SIGKILL");
    assert.equal((await child.status).signal, "SIGKILL");
    assert.deepEqual(await read(path), before);
    await withDatabases(path, async (databases) => {
      for (const { store } of databases) {
        const garbage = await Array.fromAsync(store.list({ prefix: ["garbage"] }));
        assert.deepEqual(garbage, [], "opening removed what the import had written");
        const ids = new Set(
          (await Array.fromAsync(store.list({ prefix: ["page"] }))).map(({ key }) => key[1]),
        );
        assert.ok(ids.size <= 1);
      }
    });
  });
});
