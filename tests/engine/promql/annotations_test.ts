import assert from "node:assert/strict";
import { Annotations } from "../../../engine/promql/annotations.ts";

const QUERY = "rate(\n  x[5m])";
const SPAN = { start: 8, end: 13 };

Deno.test("texts() gives prefix, text and position of one level", () => {
  const annotations = new Annotations();
  annotations.possibleNonCounter("x", SPAN);
  annotations.mixedFloatsHistograms("x", SPAN);
  assert.deepEqual(annotations.texts("info", QUERY), [
    "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: " +
    '"x" (2:3)',
  ]);
  assert.deepEqual(annotations.texts("warning", QUERY), [
    'PromQL warning: encountered a mix of histograms and floats for metric name "x" (2:3)',
  ]);
});

Deno.test("equal texts are one annotation", () => {
  const annotations = new Annotations();
  annotations.invalidQuantile(1.5, SPAN);
  annotations.invalidQuantile(1.5, { start: 0, end: 4 });
  annotations.invalidQuantile(2, SPAN);
  assert.equal(annotations.size, 2);
});

Deno.test("texts() gives all of a level, however many", () => {
  const annotations = new Annotations();
  for (let i = 0; i < 25; i++) annotations.possibleNonCounter(`x${i}`, SPAN);
  assert.equal(annotations.texts("info", QUERY).length, 25);
  assert.deepEqual(annotations.texts("warning", QUERY), []);
});

Deno.test("forcedMonotonicity() gathers what was fixed", () => {
  const annotations = new Annotations();
  annotations.forcedMonotonicity("x", SPAN, { ms: 60_999, minBucket: 1, maxBucket: 5, maxDiff: 0.25 });
  annotations.forcedMonotonicity("x", SPAN, { ms: 0, minBucket: 0.5, maxBucket: 2, maxDiff: 123.4 });
  assert.deepEqual(annotations.texts("info", QUERY), [
    "PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see " +
    "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) " +
    'for metric name "x", from buckets 0.5 to 5, with a max diff of 1.2e+02, over 2 samples ' +
    "from 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z (2:3)",
  ]);
});

Deno.test("forcedMonotonicity() tells times beyond the year 9999", () => {
  const annotations = new Annotations();
  const fixed = { ms: 9e15, minBucket: 1, maxBucket: 5, maxDiff: 0.25 };
  annotations.forcedMonotonicity("x", SPAN, fixed);
  assert.match(
    annotations.texts("info", QUERY)[0],
    / from 287168-08-24T16:00:00Z to 287168-08-24T16:00:00Z /,
  );
});

Deno.test("startTimeOverlap() counts", () => {
  const annotations = new Annotations();
  const text =
    'PromQL warning: sample has start time that overlaps with previous sample timestamp for metric "x"';
  annotations.startTimeOverlap("x", SPAN);
  assert.deepEqual(annotations.texts("warning", QUERY), [`${text} (2:3)`]);
  annotations.startTimeOverlap("x", SPAN);
  assert.deepEqual(annotations.texts("warning", QUERY), [`${text} (2 occurrences) (2:3)`]);
});
