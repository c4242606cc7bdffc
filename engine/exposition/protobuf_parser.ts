import { Carry } from "./carry.ts";
import { ClassicHistogram } from "./classic_histogram.ts";
import { type ExposedLabel, exposedSeries } from "./exposed_series.ts";
import { ExpositionError } from "./exposition_error.ts";
import { formatOpenMetrics } from "../go_float.ts";
import { MetadataCache } from "./metadata_cache.ts";
import type { MetricMetadata, MetricType } from "./metric_family.ts";
import {
  type HistogramMessage,
  readHistogram,
  readLabel,
  readSummary,
  readText,
  readValue,
  type SummaryMessage,
} from "./metric_message.ts";
import type { LineExemplar } from "./sample_reader.ts";
import {
  type BodyParser,
  DROPPED,
  type ParserOptions,
  ScrapeRow,
  type SeriesResolver,
} from "./scrape_row.ts";
import { NONE, SeriesTable } from "./series_table.ts";
import { WireReader } from "./wire_reader.ts";

/** Largest MetricFamily message, in bytes. */
const FAMILY_BYTES_MAX = 64 << 20;
/** Entries beyond twice a body that are always kept. */
const SPARE_ENTRIES = 256;
const FAMILIES_MAX = 0xffff;

const TYPES: readonly MetricType[] = [
  "counter",
  "gauge",
  "summary",
  "unknown",
  "histogram",
  "gaugehistogram",
];
/** The field of a Metric that holds the value, by the number of the type. */
const VALUE_FIELDS: readonly number[] = [3, 2, 4, 5, 7, 7];

/** The head of a MetricFamily, and its number as a context of metrics. */
interface Family {
  readonly id: number;
  readonly name: string;
  readonly type: MetricType;
  readonly valueField: number;
  readonly unit: string;
}

/** One metric as a resolver knows it; its series are resolved when they are first exposed. */
interface MetricSeries {
  readonly family: Family;
  readonly labels: readonly ExposedLabel[];
  /** Slots by suffix and part, in the order in which they are exposed. */
  readonly slots: { suffix: string; bound: number; slot: number }[];
}

/** Reads a stream of `io.prometheus.client.MetricFamily` messages, each after its length as a varint. */
export class ProtobufParser implements BodyParser {
  readonly #resolver: SeriesResolver;
  readonly #options: ParserOptions;
  readonly #reader = new WireReader();
  readonly #metadata = new MetadataCache();
  readonly #parts = new ClassicHistogram();

  /** Label bytes of metrics; a slot here is an index of `#metrics`. */
  #table = new SeriesTable();
  #metrics: MetricSeries[] = [];
  readonly #families = new Map<string, Family>();
  #slotCount = 0;

  #row = new ScrapeRow();
  #body = 0;
  #metricsSeen = 0;
  /** Bytes of a message that is not complete yet. */
  readonly #carry = new Carry(4096);
  /** Of the metric at hand. */
  #timeMs: number | undefined;
  #series!: MetricSeries;
  #nextSlot = 0;

  constructor(resolver: SeriesResolver, options: ParserOptions) {
    this.#resolver = resolver;
    this.#options = options;
  }

  begin(row: ScrapeRow): void {
    row.reset();
    row.reserve(this.#slotCount);
    this.#row = row;
    this.#body = (this.#body + 1) & 0xffff;
    this.#table.previous = NONE;
    this.#metricsSeen = 0;
    this.#carry.clear();
    this.#metadata.nextBody();
  }

  write(chunk: Uint8Array): void {
    this.#row.bytes += chunk.length;
    if (this.#carry.length === 0) {
      this.#carry.add(chunk.subarray(this.#readMessages(chunk, chunk.length)));
      return;
    }
    this.#carry.add(chunk);
    const done = this.#readMessages(this.#carry.bytes, this.#carry.length);
    if (done > 0) this.#carry.drop(done);
  }

  end(): void {
    if (this.#carry.length > 0) {
      throw new ExpositionError("unexpected EOF: the body ends in the middle of a message");
    }
    if (this.#table.count > 2 * this.#metricsSeen + SPARE_ENTRIES) this.#evict();
  }

  metadata(): Iterable<MetricMetadata> {
    return this.#metadata;
  }

  resetCache(): void {
    this.#table = new SeriesTable();
    this.#metrics = [];
    this.#families.clear();
    this.#slotCount = 0;
  }

  /** Reads the complete messages among bytes [0, end). @returns Where the first incomplete one starts. */
  #readMessages(bytes: Uint8Array, end: number): number {
    let at = 0;
    while (at < end) {
      let length = 0, i = at, scale = 1;
      for (; i < end && bytes[i] >= 0x80; i++, scale *= 128) length += (bytes[i] & 0x7f) * scale;
      if (i - at > 4) throw tooLarge();
      if (i === end) return at;
      length += bytes[i] * scale;
      if (length > FAMILY_BYTES_MAX) throw tooLarge();
      const start = i + 1;
      if (start + length > end) return at;
      this.#readFamily(bytes, start, start + length);
      at = start + length;
    }
    return at;
  }

  #readFamily(bytes: Uint8Array, start: number, end: number): void {
    const r = this.#reader;
    r.reset(bytes, start, end);
    let name = "", help = "", unit = "", type = 0;
    const metrics: number[] = []; // start and end of each
    while (r.next()) {
      if (r.field === 1) name = readText(r, "metric name");
      else if (r.field === 2) help = readText(r, `help for metric ${JSON.stringify(name)}`);
      else if (r.field === 3) type = r.unsigned();
      else if (r.field === 4) metrics.push(r.range(), r.at);
      else if (r.field === 5) unit = readText(r, "unit");
      else r.skip();
    }
    if (metrics.length === 0) return;
    if (name === "") throw new ExpositionError("invalid metric name: found an empty one");
    if (type >= TYPES.length) {
      throw new ExpositionError(`unknown metric type for metric ${JSON.stringify(name)}: ${type}`);
    }
    const family = this.#family(name, type, unit);
    Object.assign(this.#metadata.touch(name), { type: family.type, help, unit });
    for (let i = 0; i < metrics.length; i += 2) {
      r.reset(bytes, metrics[i], metrics[i + 1]);
      this.#readMetric(family);
    }
  }

  #family(name: string, type: number, unit: string): Family {
    const key = JSON.stringify([type, unit, name]);
    let family = this.#families.get(key);
    if (family === undefined) {
      if (this.#families.size === FAMILIES_MAX) this.resetCache();
      family = { id: this.#families.size, name, type: TYPES[type], valueField: VALUE_FIELDS[type], unit };
      this.#families.set(key, family);
    }
    return family;
  }

  #readMetric(family: Family): void {
    const r = this.#reader;
    const start = r.at, end = r.end;
    let labelsStart = start, labelsEnd = start, value = NONE;
    let contiguous = true;
    this.#timeMs = undefined;
    while (r.at < end) {
      const at = r.at;
      r.next();
      if (r.field === 1) {
        r.skip();
        if (labelsEnd === start) labelsStart = at;
        else if (labelsEnd !== at) contiguous = false;
        labelsEnd = r.at;
      } else if (r.field === 6) {
        const timeMs = r.signed();
        if (timeMs !== 0 && this.#options.honorTimestamps) this.#timeMs = timeMs;
      } else {
        if (r.field === family.valueField) value = at;
        r.skip();
      }
    }
    const bytes = r.bytes;
    this.#series = contiguous
      ? this.#seriesOf(family, bytes, labelsStart, labelsEnd)
      : this.#seriesOf(family, bytes, start, end); // rare: the whole message is the key
    this.#nextSlot = 0;
    if (value === NONE) {
      // An absent message is one of default values.
      r.reset(Uint8Array.of(family.valueField << 3 | 2, 0), 0, 2);
    } else {
      r.reset(bytes, value, end);
    }
    r.next();
    if (family.valueField === 4) this.#storeSummary(readSummary(r));
    else if (family.valueField === 7) {
      const gauge = family.type === "gaugehistogram";
      this.#storeHistogram(readHistogram(r, { gauge, native: this.#options.scrapeNativeHistograms }), gauge);
    } else {
      const message = readValue(r);
      const slot = this.#store("", NaN, message.value, message.createdMs);
      if (family.type === "counter") this.#storeExemplar(slot, message.exemplar);
    }
  }

  #seriesOf(family: Family, bytes: Uint8Array, start: number, end: number): MetricSeries {
    let entry = this.#table.findNext(bytes, start, end, family.id);
    if (entry === NONE) {
      const labels: ExposedLabel[] = [];
      const r = this.#reader;
      r.reset(bytes, start, end);
      while (r.next()) {
        if (r.field === 1) labels.push(readLabel(r));
        else r.skip();
      }
      const index = this.#metrics.push({ family, labels, slots: [] }) - 1;
      entry = this.#table.add(bytes, start, end, family.id, index);
    }
    this.#table.advance(entry, this.#body);
    this.#metricsSeen++;
    return this.#metrics[this.#table.slots[entry]];
  }

  #storeSummary(message: SummaryMessage): void {
    this.#store("_count", NaN, message.count, message.createdMs);
    this.#store("_sum", NaN, message.sum, message.createdMs);
    for (const { quantile, value } of message.quantiles) {
      this.#store("quantile", quantile, value, message.createdMs);
    }
  }

  /** See the ingestion matrix of `ParserOptions`: native, classic, converted, or two of them. */
  #storeHistogram(message: HistogramMessage, gauge: boolean): void {
    const { alwaysScrapeClassicHistograms, convertClassicHistogramsToNhcb } = this.#options;
    const { native, buckets } = message;
    if (native !== undefined) {
      this.#storeNative(message, native);
      if (!alwaysScrapeClassicHistograms || buckets.length === 0) return;
    } else if (convertClassicHistogramsToNhcb) {
      const parts = this.#parts;
      parts.clear();
      parts.setCount(message.count);
      parts.setSum(message.sum);
      for (const { upperBound, count } of buckets) parts.setBucket(upperBound, count);
      const converted = parts.convert(gauge ? "gauge" : "unknown");
      if (typeof converted === "string") {
        throw new ExpositionError(`histogram ${JSON.stringify(this.#series.family.name)}: ${converted}`);
      }
      this.#storeNative(message, converted);
      if (!alwaysScrapeClassicHistograms) return;
    }
    this.#storeClassic(message);
  }

  #storeNative(message: HistogramMessage, histogram: HistogramMessage["native"] & object): void {
    const slot = this.#slot("histogram", NaN);
    const startMs = this.#options.startTimestamps ? message.createdMs : 0;
    this.#row.putHistogram({ slot, timeMs: this.#timeMs, startMs, histogram });
    const exemplars = message.exemplars.length > 0
      ? message.exemplars
      : message.buckets.map((b) => b.exemplar);
    for (const exemplar of exemplars) if (exemplar?.timeMs !== undefined) this.#storeExemplar(slot, exemplar);
  }

  #storeClassic(message: HistogramMessage): void {
    const { count, sum, buckets, createdMs } = message;
    this.#store("_count", NaN, count, createdMs);
    this.#store("_sum", NaN, sum, createdMs);
    let last = -Infinity;
    for (const bucket of buckets) {
      this.#storeExemplar(
        this.#store("_bucket", bucket.upperBound, bucket.count, createdMs),
        bucket.exemplar,
      );
      last = bucket.upperBound;
    }
    if (last !== Infinity) this.#store("_bucket", Infinity, count, createdMs);
  }

  /** @returns The slot. */
  #store(suffix: string, bound: number, value: number, createdMs: number): number {
    const slot = this.#slot(suffix, bound);
    const row = this.#row;
    row.samplesScraped++;
    if (slot === DROPPED) return slot;
    row.samplesKept++;
    if (this.#timeMs === undefined) row.put(slot, value);
    else row.putTimed(slot, this.#timeMs, value);
    if (createdMs !== 0 && this.#options.startTimestamps) row.startTimes.push({ slot, startMs: createdMs });
    return slot;
  }

  #storeExemplar(slot: number, exemplar: LineExemplar | undefined): void {
    if (exemplar !== undefined && slot !== DROPPED) this.#row.exemplars.push({ slot, ...exemplar });
  }

  /**
   * The slot of a series of the metric at hand; cheap while they come in the order of the last body.
   * @param suffix Of the name; "quantile" and "histogram" stand for series without one.
   * @param bound Value of `le` or `quantile`, NaN without.
   */
  #slot(suffix: string, bound: number): number {
    const { slots } = this.#series;
    const known = slots[this.#nextSlot++];
    if (known !== undefined && known.suffix === suffix && Object.is(known.bound, bound)) return known.slot;
    let found = slots.findIndex((s) => s.suffix === suffix && Object.is(s.bound, bound));
    if (found < 0) found = slots.push({ suffix, bound, slot: this.#resolve(suffix, bound) }) - 1;
    this.#nextSlot = found + 1;
    return slots[found].slot;
  }

  #resolve(suffix: string, bound: number): number {
    const { family, labels } = this.#series;
    const name = suffix === "quantile" || suffix === "histogram" ? family.name : family.name + suffix;
    const part = suffix === "_bucket" ? "le" : suffix === "quantile" ? "quantile" : undefined;
    const all = part === undefined ? labels : [...labels, [part, formatOpenMetrics(bound)] as const];
    const kind = suffix === "histogram" ? "histogram" : "float";
    const typeAndUnitLabels = this.#options.typeAndUnitLabels ?? false;
    const slot = this.#resolver.resolve(exposedSeries(name, all, family, { kind, typeAndUnitLabels }));
    if (slot >= this.#slotCount) {
      this.#slotCount = slot + 1;
      this.#row.reserve(this.#slotCount);
    }
    return slot;
  }

  /** Forgets metrics that the last body did not have. */
  #evict(): void {
    const old = this.#metrics;
    this.#table = this.#table.compacted(this.#body);
    this.#metrics = [];
    const { slots, count } = this.#table;
    for (let entry = 0; entry < count; entry++) slots[entry] = this.#metrics.push(old[slots[entry]]) - 1;
  }
}

function tooLarge(): ExpositionError {
  return new ExpositionError(`message is larger than ${FAMILY_BYTES_MAX} bytes`);
}
