import assert from "node:assert/strict";
import fc from "fast-check";
import type { Metric, MetricFamily, MetricType } from "../../../engine/exposition/metric_family.ts";
import type { TextFormat } from "../../../engine/exposition/negotiation.ts";
import { writeExposition } from "../../../engine/exposition/writer.ts";
import { Labels } from "../../../engine/labels/labels.ts";
import { CONFORMANCE } from "../../conformance/folder.ts";
import { conformanceExists, TestTarget } from "./parse_body.ts";

const FAMILIES: MetricFamily[] = [
  {
    name: "http_requests_total",
    help: 'All \\ "requests"\nso far',
    type: "counter",
    metrics: [
      {
        labels: Labels.from({ code: "200", path: 'a"b\\c\nd' }),
        value: 1234567,
        timestampMs: 1700000000123,
        exemplar: { labels: Labels.from({ trace_id: "x" }), value: 0.67, timestampMs: 1520879607789 },
        createdMs: 1500,
      },
    ],
  },
  { name: "plain", help: "", type: "counter", metrics: [{ labels: Labels.empty, value: 1 }] },
  {
    name: "temp_celsius",
    help: "T",
    type: "gauge",
    unit: "celsius",
    metrics: [{ labels: Labels.empty, value: -1 }],
  },
  {
    name: "my.metric",
    help: "",
    type: "unknown",
    metrics: [{ labels: Labels.from({ "lä": "v" }), value: NaN }],
  },
  {
    name: "h",
    help: "",
    type: "histogram",
    metrics: [{
      labels: Labels.from({ a: "b" }),
      histogram: {
        count: 1e7,
        sum: 2.5,
        buckets: [{ upperBound: 1, count: 2, exemplar: { labels: Labels.empty, value: 1 } }],
      },
      createdMs: 2000,
    }],
  },
  {
    name: "s",
    help: "",
    type: "summary",
    metrics: [{
      labels: Labels.empty,
      summary: { count: 3, sum: 6, quantiles: [{ quantile: 0.5, value: 2 }, { quantile: 1, value: 3 }] },
    }],
  },
  { name: "build_info", help: "", type: "info", metrics: [{ labels: Labels.from({ v: "1" }), value: 1 }] },
];

Deno.test("writeExposition() writes text", () => {
  const text = writeExposition(FAMILIES, { format: "text-0.0.4", escaping: "underscores" });
  assert.equal(
    text,
    String.raw`# HELP http_requests_total All \\ "requests"\nso far
# TYPE http_requests_total counter
http_requests_total{code="200",path="a\"b\\c\nd"} 1.234567e+06 1700000000123
# TYPE plain counter
plain 1
# HELP temp_celsius T
# TYPE temp_celsius gauge
temp_celsius -1
# TYPE my_metric untyped
my_metric{l_="v"} NaN
# TYPE h histogram
h_bucket{a="b",le="1"} 2
h_bucket{a="b",le="+Inf"} 1e+07
h_sum{a="b"} 2.5
h_count{a="b"} 1e+07
# TYPE s summary
s{quantile="0.5"} 2
s{quantile="1"} 3
s_sum 6
s_count 3
# TYPE build_info gauge
build_info{v="1"} 1
`,
  );
});

Deno.test("writeExposition() writes OpenMetrics", () => {
  const text = writeExposition(FAMILIES, {
    format: "openmetrics-1.0.0",
    escaping: "allow-utf-8",
    createdLines: true,
  });
  assert.equal(
    text,
    String.raw`# HELP http_requests All \\ \"requests\"\nso far
# TYPE http_requests counter
http_requests_total{code="200",path="a\"b\\c\nd"} 1.234567e+06 1.700000000123e+09 # {trace_id="x"} 0.67 1.520879607789e+09
http_requests_created{code="200",path="a\"b\\c\nd"} 1.5
# TYPE plain unknown
plain 1.0
# HELP temp_celsius T
# TYPE temp_celsius gauge
# UNIT temp_celsius celsius
temp_celsius -1.0
# TYPE "my.metric" unknown
{"my.metric","lä"="v"} NaN
# TYPE h histogram
h_bucket{a="b",le="1.0"} 2 # {} 1.0
h_bucket{a="b",le="+Inf"} 10000000
h_sum{a="b"} 2.5
h_count{a="b"} 10000000
h_created{a="b"} 2.0
# TYPE s summary
s{quantile="0.5"} 2.0
s{quantile="1.0"} 3.0
s_sum 6.0
s_count 3
# TYPE build info
build_info{v="1"} 1.0
# EOF
`,
  );
});

Deno.test("writeExposition() refuses a histogram without buckets to write", () => {
  const family: MetricFamily = {
    name: "h",
    help: "",
    type: "histogram",
    metrics: [{ labels: Labels.empty }],
  };
  assert.throws(
    () => writeExposition([family], { format: "text-0.0.4", escaping: "underscores" }),
    /Cannot write metric family "h": expected a histogram in each metric/,
  );
});

Deno.test("writeExposition() writes what the parsers read back, in any format and escaping of values", () => {
  const text = fc.string({ unit: "binary", maxLength: 6 }).filter((text) => text.isWellFormed());
  const name = fc.oneof(
    fc.constantFrom("a", "b_c", "x:y"),
    text.filter((text) => text !== "" && text !== "__name__"),
  );
  const labels = fc.dictionary(
    name.filter((name) => name !== "le" && name !== "quantile" && !name.includes(":")),
    text,
    { maxKeys: 3, noNullPrototype: true },
  ).map(Labels.from);
  const value = fc.double();
  const metric = fc.record({
    labels,
    value,
    timestampMs: fc.option(fc.nat({ max: 2 ** 40 }), { nil: undefined }),
  });
  const family = fc.record({
    name,
    help: text,
    type: fc.constantFrom<MetricType>("gauge", "unknown"),
    metrics: fc.array(metric, { maxLength: 3 }),
  });
  const families = fc.uniqueArray(family, { maxLength: 3, selector: ({ name }) => name });
  const format = fc.constantFrom<TextFormat>("text-1.0.0", "openmetrics-1.0.0");
  fc.assert(fc.property(families, format, (families, format) => {
    const body = writeExposition(families, { format, escaping: "allow-utf-8" });
    const parser = format.startsWith("text") ? "text" : "openmetrics";
    const target = new TestTarget(parser).scrape(body);
    const seen = new Set<string>();
    const want: string[] = [];
    for (const { name, metrics } of families) {
      for (const { labels, value, timestampMs } of metrics as Metric[]) {
        const series = labels.with("__name__", name).toString();
        if (timestampMs === undefined && seen.size === seen.add(series).size) continue;
        // As upstream, the parser cuts off what a product of doubles loses.
        const timeMs = parser === "text" || timestampMs === undefined
          ? timestampMs
          : Math.trunc(timestampMs / 1000 * 1000);
        want.push(`${series} ${value! + 0}` + (timeMs === undefined ? "" : ` @${timeMs}`));
      }
    }
    assert.deepEqual(target.samples(), want.sort());
    assert.deepEqual(
      [...target.parser.metadata()].map(({ family, help }) => [family, help]),
      families.map(({ name, help }) => [name, help]),
    );
  }));
});

const hasBodies = conformanceExists("exposition");
for (
  const file of [
    "1histogram.om.txt",
    "alltypes.237mfs.nometa.prom.txt",
    "alltypes.237mfs.prom.txt",
    "alltypes.5mfs.om.txt",
  ]
) {
  Deno.test({
    name: hasBodies
      ? `${file} is read, printed and read back to the same samples`
      : `${file} read back (skipped: ${CONFORMANCE}/exposition is absent)`,
    ignore: !hasBodies,
    fn: () => {
      const format = file.includes(".om.") ? "openmetrics" : "text";
      const body = Deno.readTextFileSync(`${CONFORMANCE}/exposition/${file}`);
      const first = new TestTarget(format, { honorTimestamps: false }).scrape(body);
      assert.ok(first.row.samplesKept > 10);
      // Every series as a family of its own: the samples are what has to survive.
      const families = first.series.map(({ labels }, slot): MetricFamily => ({
        name: labels.get("__name__"),
        help: "",
        type: "unknown",
        metrics: [{ labels: labels.drop(new Set(["__name__"])), value: first.row.values[slot] }],
      }));
      for (const written of ["text-0.0.4", "openmetrics-1.0.0"] as const) {
        const again = new TestTarget(written === "text-0.0.4" ? "text" : "openmetrics");
        again.scrape(writeExposition(families, { format: written, escaping: "allow-utf-8" }));
        const plain = (target: TestTarget) => target.samples().filter((line) => !line.includes(" # "));
        assert.deepEqual(plain(again), plain(first));
      }
    },
  });
}
