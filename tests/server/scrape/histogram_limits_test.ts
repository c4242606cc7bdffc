import assert from "node:assert/strict";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { LogRecordWriter } from "../../../engine/tsdb/log_record.ts";
import { limited, schemaMax } from "../../../server/scrape/histogram_limits.ts";

for (
  const [factor, want] of [
    [0, 8],
    [1, 8],
    [65536, -4],
    [256, -3],
    [16, -2],
    [4, -1],
    [2, 0],
    [1.4, 1],
    [1.1, 2],
    [1.09, 3],
    [1.04, 4],
    [1.02, 5],
    [1.01, 6],
    [1.005, 7],
    [1.002, 8],
    [1e300, -4],
  ] as const
) {
  Deno.test(`schemaMax() of factor ${factor} is ${want}`, () => assert.equal(schemaMax(factor), want));
}

const histogram = new FloatHistogram({
  schema: 2,
  count: 8,
  sum: 1,
  positiveSpans: [{ offset: 1, length: 8 }],
  positiveBuckets: Float64Array.of(1, 1, 1, 1, 1, 1, 1, 1),
});

for (
  const { name, limit, max, schema, buckets } of [
    { name: "leaves a histogram within them alone", limit: 8, max: 8, schema: 2, buckets: 8 },
    { name: "takes the finest resolution that fits", limit: 4, max: 8, schema: 1, buckets: 4 },
    { name: "goes on until it fits", limit: 2, max: 8, schema: 0, buckets: 2 },
    { name: "has no bucket limit at 0", limit: 0, max: 8, schema: 2, buckets: 8 },
    { name: "keeps to the schema of the bucket factor", limit: 0, max: 1, schema: 1, buckets: 4 },
  ]
) {
  Deno.test(`limited() ${name}`, () => {
    const found = limited(histogram, limit, max);
    assert.deepEqual([found.schema, found.positiveBuckets.length, found.count], [schema, buckets, 8]);
  });
}

Deno.test("limited() refuses what does not fit at any resolution", () => {
  const wide = histogram.with({
    positiveSpans: [{ offset: -1000, length: 1 }, { offset: 2000, length: 1 }],
    positiveBuckets: Float64Array.of(4, 4),
  });
  assert.throws(() => limited(wide, 1, 8), {
    name: "BucketLimitError",
    message: "histogram bucket limit exceeded",
  });
});

/** A histogram of as many buckets whose counts look like no other. */
function large(buckets: number): FloatHistogram {
  const positiveBuckets = Float64Array.from({ length: buckets }, (_, i) => Math.sqrt(i + 2));
  return histogram.with({ positiveSpans: [{ offset: 1, length: buckets }], positiveBuckets });
}

Deno.test("limited() refuses what cannot be stored, and says how to mend it", () => {
  assert.equal(limited(large(4000), 0, 8).positiveBuckets.length, 4000);
  assert.throws(() => limited(large(6000), 0, 8), {
    name: "HistogramSizeError",
    message:
      /^histogram cannot be stored: found \d+ bytes in 6000 buckets, expected at most 48000 bytes: set native_histogram_bucket_limit$/,
  });
  assert.equal(limited(large(6000), 3000, 8).positiveBuckets.length, 3000);
});

Deno.test("limited() and the log agree on what can be stored", () => {
  const log = new LogRecordWriter();
  for (let buckets = 1100; buckets < 7000; buckets += 211) {
    const one = large(buckets);
    let isLoggable = true, isLimited = false;
    try {
      log.clear();
      log.histogram(0, 0, one);
    } catch {
      isLoggable = false;
    }
    try {
      limited(one, 0, 8);
    } catch {
      isLimited = true;
    }
    assert.equal(isLimited, !isLoggable, `${buckets} buckets`);
  }
});
