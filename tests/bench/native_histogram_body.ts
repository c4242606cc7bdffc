/** The scrape bodies of targets with native histograms, as a stream of `io.prometheus.client.MetricFamily`. */
import { ProtobufWriter } from "./protobuf_writer.ts";

export const CONTENT_TYPE =
  "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/** Eight buckets for each doubling. */
export const SCHEMA = 3;
const ZERO_THRESHOLD = 2 ** -128;
/** Runs of buckets in use, each so many behind the end of the one before: 32 in all, from 1 ms to 32 ms or so. */
const SPANS: readonly { readonly offset: number; readonly length: number }[] = [
  { offset: -80, length: 4 },
  { offset: 3, length: 20 },
  { offset: 6, length: 8 },
];
const BUCKETS = SPANS.reduce((sum, { length }) => sum + length, 0);
const HISTOGRAM_TYPE = 4;
/**
 * The histogram starts anew after so many samples, each series at another one; its first sample has more than a step's
 * worth of observations, as Prometheus before 3.0 extrapolates histograms to before their count can have been 0.
 */
const SAMPLES_BETWEEN_RESETS = 97;

/** One target's histograms; what they hold depends on target, series and step alone. */
export class NativeHistogramBody {
  readonly #labels: Uint8Array[] = [];
  readonly #head: Uint8Array;
  readonly #constant: Uint8Array; // the fields of a histogram that never change
  readonly #scratch = new ProtobufWriter();
  readonly #histogram = new ProtobufWriter();
  readonly #metric = new ProtobufWriter();
  readonly #family = new ProtobufWriter();

  constructor(readonly target: number, readonly series: number) {
    const utf8 = new TextEncoder(), head = new ProtobufWriter(), constant = new ProtobufWriter();
    head.bytes(1, utf8.encode("h"));
    head.bytes(2, utf8.encode("Seconds that requests took."));
    head.unsigned(3, HISTOGRAM_TYPE);
    this.#head = head.written;
    constant.signed(5, SCHEMA);
    constant.double(6, ZERO_THRESHOLD);
    for (const { offset, length } of SPANS) {
      const span = new ProtobufWriter();
      span.signed(1, offset);
      span.unsigned(2, length);
      constant.bytes(12, span.written);
    }
    this.#constant = constant.written;
    for (let i = 0; i < series; i++) {
      const label = new ProtobufWriter(), labels = new ProtobufWriter();
      label.bytes(1, utf8.encode("handler"));
      label.bytes(2, utf8.encode(`/api/v1/resource-${i}`));
      labels.bytes(1, label.written);
      this.#labels.push(labels.written);
    }
  }

  /**
   * The body of the scrape number `step`, from 0.
   * @param timeMs The timestamp that all samples say they have.
   */
  render(step: number, timeMs: number): Uint8Array<ArrayBuffer> {
    const family = this.#family, metric = this.#metric;
    family.clear();
    family.raw(this.#head);
    for (let series = 0; series < this.series; series++) {
      metric.clear();
      metric.raw(this.#labels[series]!);
      metric.unsigned(6, timeMs);
      metric.bytes(7, this.#histogramOf(series, step));
      family.bytes(4, metric.written);
    }
    const body = new ProtobufWriter();
    body.varint(family.written.length);
    body.raw(family.written);
    return body.written;
  }

  #histogramOf(series: number, step: number): Uint8Array {
    const seed = this.target * this.series + series;
    const age = (step + seed) % SAMPLES_BETWEEN_RESETS; // samples since the last reset
    const deltas: number[] = [];
    let count = 0, before = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      // Most in the middle. Growth is uneven but never negative: the uneven part is below that of one step.
      const weight = 1 + (seed + bucket) % 5 + Math.min(bucket, BUCKETS - 1 - bucket) * (1 + seed % 3);
      const noise = (Math.imul(age + 1, 0x9e3779b1) ^ Math.imul(seed + bucket, 0x85ebca6b)) >>> 8;
      const inBucket = (age + 1) * weight + noise % weight;
      deltas.push(inBucket - before);
      before = inBucket;
      count += inBucket;
    }
    const out = this.#histogram;
    out.clear();
    out.unsigned(1, count);
    out.double(2, count * 0.005 + (seed % 7) * age);
    out.raw(this.#constant);
    out.packedSigned(13, deltas, this.#scratch);
    return out.written;
  }
}
