import assert from "node:assert/strict";
import { Registry } from "../../../engine/instrument/mod.ts";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { CUSTOM_BUCKETS_SCHEMA } from "../../../engine/histogram/schema.ts";
import { Labels } from "../../../engine/labels/labels.ts";
import { fillAbsent, setStale, wordsOf } from "../../../engine/sample.ts";
import type { SelectRequest, SeriesColumns } from "../../../engine/tsdb/select.ts";
import { parseConfig } from "../../../server/config/load.ts";
import { plainConfig } from "../../../server/config/plain_config.ts";
import { serverConfig } from "../../../server/config/server_config.ts";
import { TestTarget } from "../../engine/exposition/parse_body.ts";
import { fake, NOW_MS } from "./_fake_deps.ts";

type Value = number | "stale" | "absent" | FloatHistogram;

/** A series with these values, the newest one a second ago. */
function series(labels: Record<string, string>, ...given: readonly Value[]): SeriesColumns {
  const values = Float64Array.from(given, (value) => typeof value === "number" ? value : 0);
  const words = wordsOf(values);
  given.forEach((value, i) => {
    if (value === "stale") setStale(words, i);
    else if (typeof value !== "number") fillAbsent(words, i, i + 1);
  });
  const histograms = given.map((value) => value instanceof FloatHistogram ? value : undefined);
  return {
    labels: Labels.from(labels),
    times: Float64Array.from(given, (_, i) => NOW_MS - 1000 * (given.length - i)),
    values,
    ...(histograms.some((histogram) => histogram !== undefined) && { histograms }),
  };
}

const up = (labels: Record<string, string>) => ({ __name__: "up", ...labels });
const T1 = NOW_MS - 1000, T2 = NOW_MS - 2000;
const NHCB = new FloatHistogram({
  schema: CUSTOM_BUCKETS_SCHEMA,
  customValues: Float64Array.of(0.5, 1, 2),
  positiveSpans: [{ offset: 0, length: 1 }, { offset: 1, length: 2 }],
  positiveBuckets: Float64Array.of(1, 2, 3),
  count: 6,
  sum: 9.5,
});
const NATIVE = new FloatHistogram({
  positiveSpans: [{ offset: 0, length: 1 }],
  positiveBuckets: Float64Array.of(1),
  count: 1,
  sum: 1,
});

for (
  const { name, stored, external = {}, want } of [
    { name: "nothing", stored: [], want: "" },
    {
      name: "the newest sample of each series, with its time and an empty instance",
      stored: [series(up({ job: "a" }), 1, 2), series(up({ job: "b", instance: "i" }), 3)],
      want: `# TYPE up untyped\nup{instance="i",job="b"} 3 ${T1}\nup{instance="",job="a"} 2 ${T1}\n`,
    },
    {
      name: "families sorted by name, series of one name by their labels",
      stored: [series({ __name__: "z" }, 1), series(up({ job: "b" }), 1), series(up({ job: "a" }), 2)],
      want: `# TYPE up untyped\nup{instance="",job="a"} 2 ${T1}\nup{instance="",job="b"} 1 ${T1}\n` +
        `# TYPE z untyped\nz{instance=""} 1 ${T1}\n`,
    },
    {
      name: "no stale series, and gaps looked over",
      stored: [
        series(up({ job: "stale" }), 1, "stale"),
        series(up({ job: "gap" }), 1, "absent"),
        series(up({ job: "back" }), "stale", 1),
        series(up({ job: "none" }), "absent"),
      ],
      want: `# TYPE up untyped\nup{instance="",job="back"} 1 ${T1}\nup{instance="",job="gap"} 1 ${T2}\n`,
    },
    {
      name: "external labels where the series has none of that name",
      stored: [series(up({ zone: "own" }), 1), series(up({ job: "a" }), 1)],
      external: { zone: "ie", instance: "server" },
      want: `# TYPE up untyped\nup{instance="server",job="a",zone="ie"} 1 ${T1}\n` +
        `up{instance="server",zone="own"} 1 ${T1}\n`,
    },
    {
      name: "no series without a name",
      stored: [series({ job: "a" }, 1), series(up({}), 1)],
      want: `# TYPE up untyped\nup{instance=""} 1 ${T1}\n`,
    },
    {
      name: "special values and characters",
      stored: [
        series(up({ a: 'q"\\\n' }), NaN),
        series(up({ a: "x" }), Infinity),
        series(up({ a: "y" }), -Infinity),
        series(up({ a: "z" }), 1e-7),
      ],
      want:
        `# TYPE up untyped\nup{a="q\\"\\\\\\n",instance=""} NaN ${T1}\nup{a="x",instance=""} +Inf ${T1}\n` +
        `up{a="y",instance=""} -Inf ${T1}\nup{a="z",instance=""} 1e-07 ${T1}\n`,
    },
    {
      name: "histograms with custom buckets as classic ones, and no other native ones",
      stored: [
        series({ __name__: "h" }, NHCB),
        series({ __name__: "h", job: "float" }, 1),
        series({ __name__: "native" }, 5, NATIVE),
      ],
      want: `# TYPE h untyped\nh{instance="",job="float"} 1 ${T1}\n# TYPE h histogram\n` +
        `h_bucket{instance="",le="0.5"} 1 ${T1}\nh_bucket{instance="",le="1"} 1 ${T1}\n` +
        `h_bucket{instance="",le="2"} 3 ${T1}\nh_bucket{instance="",le="+Inf"} 6 ${T1}\n` +
        `h_sum{instance=""} 9.5 ${T1}\nh_count{instance=""} 6 ${T1}\n`,
    },
  ] as { name: string; stored: SeriesColumns[]; external?: Record<string, string>; want: string }[]
) {
  Deno.test(`/federate gives ${name}`, async () => {
    const text = `global: { external_labels: ${JSON.stringify(external)} }`;
    const host = {
      readFile: () => Promise.reject(new Error("no files")),
      glob: () => Promise.resolve([]),
      env: () => undefined,
    };
    const config = serverConfig(plainConfig((await parseConfig("prometheus.yml", text, host)).config));
    const { get } = fake({
      shards: { select: () => Promise.resolve(stored) },
      configuration: { current: () => config, reload: () => Promise.resolve() },
    });
    const response = await get("/federate?match[]=x");
    assert.equal(await response.text(), want);
    assert.deepEqual([response.status, response.headers.get("Content-Type")], [
      200,
      "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
    ]);
  });
}

Deno.test("/federate gives native histograms to those who take protobuf", async () => {
  const gauge = NATIVE.with({ counterResetHint: "gauge" });
  const stored = [
    series({ __name__: "native", job: "a" }, 5, NATIVE),
    series({ __name__: "native", job: "b" }, gauge),
    series({ __name__: "native", job: "c" }, NATIVE, 5),
    series({ __name__: "native", job: "d" }, NATIVE, "stale"),
    series({ __name__: "h" }, NHCB),
  ];
  const { get } = fake({ shards: { select: () => Promise.resolve(stored) } });
  const accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
  const response = await get("/federate?match[]=x", { Accept: accept });
  assert.equal(
    response.headers.get("Content-Type"),
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; " +
      "escaping=underscores",
  );
  const target = new TestTarget("protobuf", { scrapeNativeHistograms: true });
  target.scrape(new Uint8Array(await response.arrayBuffer()));
  assert.deepEqual(target.samples(), [
    `{__name__="h_bucket", le="+Inf"} 6 @${T1}`,
    `{__name__="h_bucket", le="0.5"} 1 @${T1}`,
    `{__name__="h_bucket", le="1.0"} 1 @${T1}`,
    `{__name__="h_bucket", le="2.0"} 3 @${T1}`,
    `{__name__="h_count"} 6 @${T1}`,
    `{__name__="h_sum"} 9.5 @${T1}`,
    `{__name__="native", job="a"} schema=0 count=1 sum=1 bounds=[] spans=[0:1] buckets=[1] @${T1}`,
    `{__name__="native", job="b"} schema=0 count=1 sum=1 bounds=[] spans=[0:1] buckets=[1] @${T1}`,
    `{__name__="native", job="c"} 5 @${T1}`,
  ]);
  const hints = target.row.histograms.map(({ histogram }) => histogram.counterResetHint);
  assert.deepEqual(hints, ["unknown", "gauge"]);
});

Deno.test("/federate asks for what each match[] selects within the lookback, and gives their union once", async () => {
  const asked: SelectRequest[] = [];
  const { get } = fake({
    lookbackDeltaMs: 60_000,
    shards: {
      select: (request) => {
        asked.push(request);
        return Promise.resolve([series(up({ job: "a" }), 1)]);
      },
    },
  });
  const query = new URLSearchParams([["match[]", "up"], ["match[]", '{job=~"a|b"}']]);
  const text = await (await get(`/federate?${query}`)).text();
  assert.equal(text, `# TYPE up untyped\nup{instance="",job="a"} 1 ${T1}\n`);
  assert.deepEqual(asked.map(({ matchers, startMs, endMs }) => [matchers.join(), startMs, endMs]), [
    ['__name__="up"', NOW_MS - 60_000, NOW_MS],
    ['job=~"a|b"', NOW_MS - 60_000, NOW_MS],
  ]);
});

Deno.test("/federate refuses what it cannot read, and counts what it cannot answer", async () => {
  const registry = new Registry({ now: () => NOW_MS });
  const server = fake({ registry, shards: { select: () => Promise.reject(new Error("disk gone")) } });
  const table: readonly [path: string, status: number, text: string][] = [
    ["/federate", 200, ""],
    ["/federate?match[]=up[", 400, '1:3: parse error: unexpected "["\n'],
    ["/federate?match[]=", 400, "unknown position: parse error: unexpected end of input\n"],
    ["/federate?match[]=up", 500, "disk gone\n"],
  ];
  for (const [path, status, text] of table) {
    const response = await server.get(path);
    assert.deepEqual([path, response.status, await response.text()], [path, status, text]);
  }
  assert.equal((await server.post("/federate", { "match[]": "up" })).status, 405);
  server.state = "starting";
  assert.equal((await server.get("/federate?match[]=up")).status, 503);
  const counted = registry.gather().find(({ name }) => name === "prometheus_web_federation_errors_total");
  assert.deepEqual(counted?.metrics.map(({ value }) => value), [1]);
});

Deno.test("/federate of many series comes in parts that make up the whole", async () => {
  const stored = Array.from(
    { length: 5000 },
    (_, i) => series({ __name__: `metric_${i % 50}`, i: `${i}` }, i),
  );
  const { get } = fake({ shards: { select: () => Promise.resolve(stored) } });
  const lines = (await (await get("/federate?match[]=x")).text()).trim().split("\n");
  assert.equal(lines.length, 5050);
  assert.equal(lines.filter((line) => line.startsWith("# TYPE")).length, 50);
  const seen = new Set(lines.map((line) => /i="(\d+)"/.exec(line)?.[1]));
  assert.equal(seen.size, 5001);
});
