import assert from "node:assert/strict";
import fc from "fast-check";
import type { MetricFamily } from "../../../engine/exposition/metric_family.ts";
import { writeProtobuf } from "../../../engine/exposition/protobuf_writer.ts";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { spansOf } from "../../../engine/histogram/span.ts";
import { Labels } from "../../../engine/labels/labels.ts";
import { TestTarget } from "./parse_body.ts";

const NATIVE = new FloatHistogram({
  schema: 3,
  zeroThreshold: 0.001,
  zeroCount: 2,
  count: 12,
  sum: 18.4,
  positiveSpans: [{ offset: -3, length: 2 }, { offset: 1, length: 1 }],
  positiveBuckets: Float64Array.of(1, 4, 2),
  negativeSpans: [{ offset: 0, length: 1 }],
  negativeBuckets: Float64Array.of(3),
});
const OPTIONS = { scrapeNativeHistograms: true, startTimestamps: true };

function read(families: readonly MetricFamily[], options: Partial<typeof OPTIONS> = OPTIONS): TestTarget {
  return new TestTarget("protobuf", options).scrape(writeProtobuf(families, "allow-utf-8"));
}

Deno.test("writeProtobuf() writes every type with what belongs to it", () => {
  const labels = Labels.from({ a: "b", empty: "" });
  const families: MetricFamily[] = [
    {
      name: "c_total",
      help: "Counts",
      type: "counter",
      metrics: [{
        labels,
        value: 7,
        timestampMs: 1700000000123,
        createdMs: 1500,
        exemplar: { labels: Labels.from({ trace_id: "x" }), value: 0.5, timestampMs: 1234 },
      }],
    },
    { name: "g", help: "", type: "gauge", unit: "bytes", metrics: [{ labels: Labels.empty, value: -1.5 }] },
    { name: "u.ä", help: "", type: "unknown", metrics: [{ labels: Labels.empty, value: NaN }] },
    { name: "i_info", help: "", type: "info", metrics: [{ labels: Labels.from({ v: "1" }), value: 1 }] },
    {
      name: "s",
      help: "",
      type: "summary",
      metrics: [{
        labels: Labels.empty,
        summary: { count: 3, sum: 6, quantiles: [{ quantile: 0.5, value: 2 }] },
        createdMs: 2000,
      }],
    },
    {
      name: "h",
      help: "",
      type: "histogram",
      metrics: [{
        labels: Labels.empty,
        histogram: { count: 5, sum: 2.5, buckets: [{ upperBound: 0.1, count: 2 }] },
      }],
    },
    {
      name: "f",
      help: "",
      type: "gaugehistogram",
      metrics: [{
        labels: Labels.empty,
        histogram: { count: 5.5, sum: 2.5, buckets: [{ upperBound: 0.1, count: 2.25 }] },
      }],
    },
  ];
  const target = read(families);
  assert.deepEqual(
    target.samples(),
    [
      '{__name__="c_total", a="b"} # {trace_id="x"} 0.5 @1234',
      '{__name__="c_total", a="b"} 7 @1700000000123',
      '{__name__="c_total", a="b"} start=1500',
      '{__name__="f_bucket", le="+Inf"} 5.5',
      '{__name__="f_bucket", le="0.1"} 2.25',
      '{__name__="f_count"} 5.5',
      '{__name__="f_sum"} 2.5',
      '{__name__="g"} -1.5',
      '{__name__="h_bucket", le="+Inf"} 5',
      '{__name__="h_bucket", le="0.1"} 2',
      '{__name__="h_count"} 5',
      '{__name__="h_sum"} 2.5',
      '{__name__="i_info", v="1"} 1',
      '{__name__="s", quantile="0.5"} 2',
      '{__name__="s", quantile="0.5"} start=2000',
      '{__name__="s_count"} 3',
      '{__name__="s_count"} start=2000',
      '{__name__="s_sum"} 6',
      '{__name__="s_sum"} start=2000',
      '{__name__="u.ä"} NaN',
    ].sort(),
  );
  assert.deepEqual(
    [...target.parser.metadata()].map(({ family, type, help, unit }) => [family, type, help, unit]),
    [
      ["c_total", "counter", "Counts", ""],
      ["g", "gauge", "", "bytes"],
      ["u.ä", "unknown", "", ""],
      ["i_info", "gauge", "", ""],
      ["s", "summary", "", ""],
      ["h", "histogram", "", ""],
      ["f", "gaugehistogram", "", ""],
    ],
  );
});

const whole = fc.nat({ max: 1_000_000 });
const fraction = fc.double({ min: 0, max: 1e9, noNaN: true });
function side(count: fc.Arbitrary<number>) {
  return fc.uniqueArray(fc.tuple(fc.integer({ min: -50, max: 50 }), count), {
    selector: ([index]) => index,
    maxLength: 12,
  }).map((buckets) => {
    buckets.sort(([a], [b]) => a - b);
    return {
      spans: spansOf(buckets.map(([index]) => index)),
      counts: Float64Array.from(buckets, ([, count]) => count),
    };
  });
}
const native = fc.oneof(fc.constant(whole), fc.constant(fraction)).chain((count) =>
  fc.record({
    schema: fc.integer({ min: -4, max: 8 }),
    zeroThreshold: fc.constantFrom(0, 0.5),
    zeroCount: count,
    sum: fc.double(),
    positive: side(count),
    negative: side(count),
  })
).map(({ positive, negative, ...rest }) =>
  new FloatHistogram({
    ...rest,
    count: rest.zeroCount + [...positive.counts, ...negative.counts].reduce((sum, n) => sum + n, 0),
    positiveSpans: positive.spans,
    positiveBuckets: positive.counts,
    negativeSpans: negative.spans,
    negativeBuckets: negative.counts,
    counterResetHint: "unknown",
  })
);

Deno.test("native histograms that writeProtobuf() writes are read back, whole counts and others, empty ones too", () => {
  fc.assert(fc.property(native, fc.boolean(), (native, isGauge) => {
    const { count, sum } = native;
    const target = read([{
      name: "h",
      help: "",
      type: isGauge ? "gaugehistogram" : "histogram",
      metrics: [{ labels: Labels.empty, histogram: { count, sum, buckets: [], native } }],
    }]);
    assert.equal(target.row.histograms.length, 1);
    const { histogram } = target.row.histograms[0];
    // The reader drops buckets without observations.
    const populated = (h: FloatHistogram) => ({
      schema: h.schema,
      zero: [h.zeroThreshold, h.zeroCount],
      totals: [h.count, h.sum],
      positive: bucketsOf(h.positiveSpans, h.positiveBuckets),
      negative: bucketsOf(h.negativeSpans, h.negativeBuckets),
    });
    assert.deepEqual(populated(histogram), populated(native));
    assert.equal(histogram.counterResetHint, isGauge ? "gauge" : "unknown");
  }));
});

function bucketsOf(spans: FloatHistogram["positiveSpans"], counts: Float64Array): number[][] {
  const buckets: number[][] = [];
  let index = 0, at = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++) buckets.push([index++, counts[at++]]);
  }
  return buckets.filter(([, count]) => count !== 0);
}

Deno.test("a histogram with classic buckets and a native part has both, and names are escaped as asked", () => {
  const families: MetricFamily[] = [{
    name: "my.histogram",
    help: "",
    type: "histogram",
    metrics: [{
      labels: Labels.from({ "label.x": "v" }),
      histogram: { count: 12, sum: 18.4, buckets: [{ upperBound: 1, count: 9 }], native: NATIVE },
    }],
  }];
  const name = 'my_histogram", label_x="v"';
  const underscores = (options: Partial<typeof OPTIONS>) =>
    new TestTarget("protobuf", options).scrape(writeProtobuf(families, "underscores")).samples();
  assert.deepEqual(underscores({ scrapeNativeHistograms: true }), [
    `{__name__="${name}} schema=3 count=12 sum=18.4 bounds=[] spans=[-3:2,1:1] buckets=[1,4,2]`,
  ]);
  assert.deepEqual(underscores({}), [
    '{__name__="my_histogram_bucket", label_x="v", le="+Inf"} 12',
    '{__name__="my_histogram_bucket", label_x="v", le="1.0"} 9',
    '{__name__="my_histogram_count", label_x="v"} 12',
    '{__name__="my_histogram_sum", label_x="v"} 18.4',
  ]);
});

Deno.test("writeProtobuf() refuses a metric without what its type asks for", () => {
  const metrics = [{ labels: Labels.empty }];
  for (const type of ["gauge", "summary", "histogram"] as const) {
    assert.throws(
      () => writeProtobuf([{ name: "x", help: "", type, metrics }], "underscores"),
      /Cannot write metric family "x": expected a (value|summary|histogram) in each metric/,
    );
  }
});
