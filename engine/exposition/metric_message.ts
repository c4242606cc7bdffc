import { compact } from "../histogram/arithmetic.ts";
import { BucketSlab } from "../histogram/bucket_slab.ts";
import { FloatHistogram } from "../histogram/float_histogram.ts";
import { validateInteger } from "../histogram/integer.ts";
import { spansOfPairs } from "../histogram/span.ts";
import { validateHistogram } from "../histogram/validate.ts";
import { ExpositionError } from "./exposition_error.ts";
import { type ExposedLabel, labelsOf } from "./exposed_series.ts";
import { NumberList } from "./number_list.ts";
import type { LineExemplar } from "./sample_reader.ts";
import { decodeUtf8 } from "./series_syntax.ts";
import type { WireReader } from "./wire_reader.ts";

/** Messages inside `io.prometheus.client.Metric`; each function reads the content of the field at hand. */

/** Counter, gauge or untyped: they share the field number of the value. */
export interface ValueMessage {
  readonly value: number;
  readonly exemplar: LineExemplar | undefined;
  /** Milliseconds since the Unix epoch, 0 where unknown. */
  readonly createdMs: number;
}

export interface SummaryMessage {
  readonly count: number;
  readonly sum: number;
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
  readonly createdMs: number;
}

export interface BucketMessage {
  readonly upperBound: number;
  readonly count: number;
  readonly exemplar: LineExemplar | undefined;
}

export interface HistogramMessage {
  readonly count: number;
  readonly sum: number;
  readonly buckets: readonly BucketMessage[];
  /** Undefined where the histogram has no native part. */
  readonly native: FloatHistogram | undefined;
  readonly exemplars: readonly LineExemplar[];
  readonly createdMs: number;
}

export function readValue(r: WireReader): ValueMessage {
  let value = 0, createdMs = 0;
  let exemplar: LineExemplar | undefined;
  const outer = r.enter();
  while (r.next()) {
    if (r.field === 1) value = r.double();
    else if (r.field === 2) exemplar = readExemplar(r);
    else if (r.field === 3) createdMs = readTimestamp(r);
    else r.skip();
  }
  r.leave(outer);
  return { value, exemplar, createdMs };
}

export function readSummary(r: WireReader): SummaryMessage {
  let count = 0, sum = 0, createdMs = 0;
  const quantiles: { quantile: number; value: number }[] = [];
  const outer = r.enter();
  while (r.next()) {
    if (r.field === 1) count = r.unsigned();
    else if (r.field === 2) sum = r.double();
    else if (r.field === 3) quantiles.push(readQuantile(r));
    else if (r.field === 4) createdMs = readTimestamp(r);
    else r.skip();
  }
  r.leave(outer);
  return { count, sum, quantiles, createdMs };
}

function readQuantile(r: WireReader): { quantile: number; value: number } {
  let quantile = 0, value = 0;
  const outer = r.enter();
  while (r.next()) {
    if (r.field === 1) quantile = r.double();
    else if (r.field === 2) value = r.double();
    else r.skip();
  }
  r.leave(outer);
  return { quantile, value };
}

/** One side of the native part of a histogram. */
class NativeSide {
  /** Offset and length in turn. */
  readonly spans = new NumberList();
  readonly deltas = new NumberList();
  readonly counts = new NumberList();

  clear(): void {
    this.spans.clear();
    this.deltas.clear();
    this.counts.clear();
  }

  buckets(areFloats: boolean): Float64Array {
    const { values, length } = areFloats ? this.counts : this.deltas;
    const buckets = slab.take(length);
    for (let i = 0, count = 0; i < length; i++) {
      buckets[i] = areFloats ? values[i] : count += values[i];
    }
    return buckets;
  }
}

// Used for one message after another: histograms have many buckets, and come by the thousand.
const positive = new NativeSide(), negative = new NativeSide();
const slab = new BucketSlab();

/**
 * @param options.gauge Whether it is a gauge histogram.
 * @param options.native Whether the native part is wanted.
 * @throws {ExpositionError} If spans and buckets of the native part do not fit together.
 */
export function readHistogram(r: WireReader, options: { gauge: boolean; native: boolean }): HistogramMessage {
  let count = 0, countFloat = 0, sum = 0, createdMs = 0;
  let schema = 0, zeroThreshold = 0, zeroCount = 0, zeroCountFloat = 0;
  const buckets: BucketMessage[] = [], exemplars: LineExemplar[] = [];
  positive.clear();
  negative.clear();
  const outer = r.enter();
  while (r.next()) {
    switch (r.field) {
      case 1:
        count = r.unsigned();
        break;
      case 2:
        sum = r.double();
        break;
      case 3:
        buckets.push(readBucket(r));
        break;
      case 4:
        countFloat = r.double();
        break;
      case 5:
        schema = r.zigzag();
        break;
      case 6:
        zeroThreshold = r.double();
        break;
      case 7:
        zeroCount = r.unsigned();
        break;
      case 8:
        zeroCountFloat = r.double();
        break;
      case 9:
        readSpan(r, negative.spans);
        break;
      case 10:
        r.zigzags(negative.deltas);
        break;
      case 11:
        r.doubles(negative.counts);
        break;
      case 12:
        readSpan(r, positive.spans);
        break;
      case 13:
        r.zigzags(positive.deltas);
        break;
      case 14:
        r.doubles(positive.counts);
        break;
      case 15:
        createdMs = readTimestamp(r);
        break;
      case 16:
        exemplars.push(readExemplar(r));
        break;
      default:
        r.skip();
    }
  }
  r.leave(outer);
  const hasNative = positive.spans.length > 0 || negative.spans.length > 0 || zeroThreshold > 0 ||
    zeroCount > 0;
  let native: FloatHistogram | undefined;
  if (options.native && hasNative) {
    const float = countFloat > 0 || zeroCountFloat > 0;
    native = nativeHistogram(float ? validateHistogram : validateInteger, {
      schema,
      zeroThreshold,
      zeroCount: float ? zeroCountFloat : zeroCount,
      count: float ? countFloat : count,
      sum,
      positiveSpans: spansOfPairs(positive.spans.values, positive.spans.length),
      negativeSpans: spansOfPairs(negative.spans.values, negative.spans.length),
      positiveBuckets: positive.buckets(float),
      negativeBuckets: negative.buckets(float),
      counterResetHint: options.gauge ? "gauge" : "unknown",
    });
  }
  return { count: countFloat === 0 ? count : countFloat, sum, buckets, native, exemplars, createdMs };
}

function nativeHistogram(
  validate: (histogram: FloatHistogram) => void,
  fields: ConstructorParameters<typeof FloatHistogram>[0],
): FloatHistogram {
  try {
    const histogram = new FloatHistogram(fields);
    validate(histogram);
    return compact(histogram);
  } catch (cause) {
    throw new ExpositionError((cause as Error).message, { cause });
  }
}

function readBucket(r: WireReader): BucketMessage {
  let count = 0, countFloat = 0, upperBound = 0;
  let exemplar: LineExemplar | undefined;
  const outer = r.enter();
  while (r.next()) {
    if (r.field === 1) count = r.unsigned();
    else if (r.field === 2) upperBound = r.double();
    else if (r.field === 3) exemplar = readExemplar(r);
    else if (r.field === 4) countFloat = r.double();
    else r.skip();
  }
  r.leave(outer);
  return { upperBound, count: countFloat === 0 ? count : countFloat, exemplar };
}

function readSpan(r: WireReader, out: NumberList): void {
  let offset = 0, length = 0;
  const outer = r.enter();
  while (r.next()) {
    if (r.field === 1) offset = r.zigzag();
    else if (r.field === 2) length = r.unsigned();
    else r.skip();
  }
  r.leave(outer);
  out.push(offset);
  out.push(length);
}

function readExemplar(r: WireReader): LineExemplar {
  const labels: ExposedLabel[] = [];
  let value = 0;
  let timeMs: number | undefined;
  const outer = r.enter();
  while (r.next()) {
    if (r.field === 1) labels.push(readLabel(r));
    else if (r.field === 2) value = r.double();
    else if (r.field === 3) timeMs = readTimestamp(r);
    else r.skip();
  }
  r.leave(outer);
  return { labels: labelsOf(labels, "exemplar"), value, timeMs };
}

/** @throws {ExpositionError} If name or value is not UTF-8. */
export function readLabel(r: WireReader): ExposedLabel {
  let name = "", value = "";
  const outer = r.enter();
  while (r.next()) {
    if (r.field === 1) name = readText(r, "label name");
    else if (r.field === 2) value = readText(r, "label value");
    else r.skip();
  }
  r.leave(outer);
  return [name, value];
}

/** @throws {ExpositionError} If it is not UTF-8; `what` names it. */
export function readText(r: WireReader, what: string): string {
  return decodeUtf8(r.bytes, r.range(), r.at, what);
}

/** A `google.protobuf.Timestamp` in whole milliseconds. */
function readTimestamp(r: WireReader): number {
  let seconds = 0, nanos = 0;
  const outer = r.enter();
  while (r.next()) {
    if (r.field === 1) seconds = r.signed();
    else if (r.field === 2) nanos = r.signed();
    else r.skip();
  }
  r.leave(outer);
  return seconds * 1000 + Math.trunc(nanos / 1e6);
}
