import { ABSENT_HIGH, ABSENT_LOW } from "../sample.ts";
import { Carry } from "./carry.ts";
import { ClassicHistogram } from "./classic_histogram.ts";
import { type FamilyComment, parseComment } from "./comment_syntax.ts";
import {
  type ExposedLabel,
  exposedSeries,
  type FamilyContext,
  familyName,
  partLabel,
} from "./exposed_series.ts";
import { ExpositionError } from "./exposition_error.ts";
import { parseFloatText } from "../go_float.ts";
import { readFloat } from "./float.ts";
import { type FamilyRecord, MetadataCache } from "./metadata_cache.ts";
import type { MetricMetadata, MetricType } from "./metric_family.ts";
import { SampleReader } from "./sample_reader.ts";
import {
  type BodyParser,
  DROPPED,
  type ParserOptions,
  ScrapeRow,
  type SeriesResolver,
} from "./scrape_row.ts";
import { decodeUtf8, type Dialect, SeriesLexer, skipBlanks, textOf, unescape } from "./series_syntax.ts";
import { NONE, SeriesTable } from "./series_table.ts";

/** Longest line, in bytes with its line feed. */
export const LINE_BYTES_MAX = 1 << 20;

const LF = 0x0a, HASH = 0x23, OPEN = 0x7b;
/** Comments are known in any context. */
const COMMENT_CONTEXT = 0xffff;
/** Entries in `slots` below this are indexes of specials. */
const SPECIAL_MAX = DROPPED - 1;
/** Entries beyond twice a body that are always kept. */
const SPARE_ENTRIES = 256;

/** Metadata that series texts are read under; the same text may mean another series in another context. */
interface Context extends FamilyContext {
  readonly id: number;
  /** The family whose classic histograms are converted, "" where none are. */
  readonly converted: string;
}

/** A classic histogram that is being put together from its series. */
interface Conversion {
  readonly parts: ClassicHistogram;
  readonly slot: number;
  readonly start: StartTimeGroup | undefined;
  timeMs: number | undefined;
}

/** The series of one metric, which share a `_created` sample. */
interface StartTimeGroup {
  readonly slots: number[];
  startMs: number;
  /** The last body that had the `_created` sample. */
  body: number;
}

interface KnownComment {
  readonly kind: "comment";
  readonly comment: FamilyComment;
  /** Where its family's metadata were kept last. */
  record: FamilyRecord | undefined;
}

/** What a known text stands for, where that is more than a slot. */
type Special =
  | KnownComment
  | { readonly kind: "created"; readonly group: StartTimeGroup }
  | {
    readonly kind: "part";
    readonly conversion: Conversion;
    readonly role: "bucket" | "sum" | "count";
    readonly upperBound: number;
    /** Slot of the classic series; undefined where it is not kept. */
    readonly classicSlot: number | undefined;
  };

/**
 * Reads text and OpenMetrics bodies by comparison: while a line starts with the bytes that followed the last
 * line in the body before, its slot is known and only the value is read. Any other line is looked up by its
 * bytes, and the walk goes on from there; a text that was never seen is read in full and resolved.
 */
export class TextParser implements BodyParser {
  readonly #dialect: Dialect;
  readonly #resolver: SeriesResolver;
  readonly #options: ParserOptions;
  readonly #lexer: SeriesLexer;
  readonly #reader: SampleReader;
  readonly #number = new Float64Array(1);
  readonly #metadata = new MetadataCache();

  #table = new SeriesTable();
  #specials: Special[] = [];
  #slotCount = 0;

  readonly #contexts = new Map<string, Context>();
  readonly #conversions = new Map<string, Conversion>();
  readonly #startTimes = new Map<string, StartTimeGroup>();
  #context!: Context;
  #type: MetricType = "unknown";
  #family = "";
  #unit = "";
  #unitFamily = "";

  #row = new ScrapeRow();
  #body = 0;
  #line = 1;
  #entriesSeen = 0;
  #open: Conversion | undefined;
  #ended = false;
  /** The start of a line whose end is still to come. */
  readonly #carry = new Carry(1024);

  constructor(dialect: Dialect, resolver: SeriesResolver, options: ParserOptions) {
    this.#dialect = dialect;
    this.#resolver = resolver;
    this.#options = options;
    this.#lexer = new SeriesLexer(dialect);
    this.#reader = new SampleReader(dialect);
  }

  begin(row: ScrapeRow): void {
    row.reset();
    row.reserve(this.#slotCount);
    this.#row = row;
    this.#body = (this.#body + 1) & 0xffff;
    this.#line = 1;
    this.#entriesSeen = 0;
    this.#carry.clear();
    this.#table.previous = NONE;
    this.#open?.parts.clear();
    this.#open = undefined;
    this.#ended = false;
    this.#type = "unknown";
    this.#family = this.#unit = this.#unitFamily = "";
    this.#enterContext();
    this.#metadata.nextBody();
  }

  write(chunk: Uint8Array): void {
    this.#row.bytes += chunk.length;
    let start = 0;
    if (this.#carry.length > 0) {
      const end = chunk.indexOf(LF) + 1;
      this.#keep(end === 0 ? chunk : chunk.subarray(0, end));
      if (end === 0) return;
      this.#read(this.#carry.bytes, 0, this.#carry.length);
      this.#carry.clear();
      start = end;
    }
    const end = chunk.lastIndexOf(LF) + 1;
    if (end > start) {
      this.#read(chunk, start, end);
      start = end;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  end(): void {
    if (this.#carry.length > 0) {
      const last = textOf(this.#carry.bytes, 0, Math.min(this.#carry.length, 6));
      if (this.#dialect === "text" || last === "# EOF") {
        this.#keep(Uint8Array.of(LF));
        this.#read(this.#carry.bytes, 0, this.#carry.length);
      }
    }
    if (this.#dialect === "openmetrics" && !this.#ended) {
      throw new ExpositionError("data does not end with # EOF", { line: this.#line });
    }
    this.#closeConversion();
    this.#reportStartTimes();
    if (this.#table.count > 2 * this.#entriesSeen + SPARE_ENTRIES) this.#evict();
  }

  metadata(): Iterable<MetricMetadata> {
    return this.#metadata;
  }

  resetCache(): void {
    this.#table = new SeriesTable();
    this.#specials = [];
    this.#contexts.clear();
    this.#conversions.clear();
    this.#startTimes.clear();
    this.#slotCount = 0;
  }

  /** Appends to the line that is being carried over. */
  #keep(bytes: Uint8Array): void {
    if (this.#ended) throw new ExpositionError("unexpected data after # EOF", { line: this.#line });
    if (this.#carry.length + bytes.length > LINE_BYTES_MAX) throw this.#lineTooLong();
    this.#carry.add(bytes);
  }

  #lineTooLong(): ExpositionError {
    return new ExpositionError(`line is longer than ${LINE_BYTES_MAX} bytes`, { line: this.#line });
  }

  /** Reads whole lines: `end` is after a line feed. */
  #read(bytes: Uint8Array, start: number, end: number): void {
    try {
      this.#walk(bytes, start, end);
    } catch (error) {
      throw error instanceof ExpositionError && error.line === 0 ? error.atLine(this.#line) : error;
    }
  }

  #walk(bytes: Uint8Array, start: number, end: number): void {
    if (this.#ended) throw new ExpositionError("unexpected data after # EOF");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const number = this.#number;
    const row = this.#row;
    let { keyView, offsets, slots, next, tags } = this.#table;
    let { values, words } = row;
    let tag = this.#tag;
    let { previous, expected } = this.#table;
    let scraped = 0, kept = 0;
    let at = start;
    while (at < end) {
      let valueAt = NONE;
      known: {
        if (expected === NONE) break known;
        let key = offsets[expected];
        const keyEnd = offsets[expected + 1];
        const lineAt = at + keyEnd - key;
        if (lineAt > end) break known;
        let i = at;
        // Words of 64 bits, which V8 compares without making BigInts of them; the last one overlaps the one before.
        if (keyEnd - key >= 8) {
          for (const last = keyEnd - 32; key <= last; key += 32, i += 32) {
            if (
              keyView.getBigInt64(key, true) !== view.getBigInt64(i, true) ||
              keyView.getBigInt64(key + 8, true) !== view.getBigInt64(i + 8, true) ||
              keyView.getBigInt64(key + 16, true) !== view.getBigInt64(i + 16, true) ||
              keyView.getBigInt64(key + 24, true) !== view.getBigInt64(i + 24, true)
            ) break known;
          }
          for (const last = keyEnd - 8; key < last; key += 8, i += 8) {
            if (keyView.getBigInt64(key, true) !== view.getBigInt64(i, true)) break known;
          }
          if (keyView.getBigInt64(keyEnd - 8, true) !== view.getBigInt64(lineAt - 8, true)) break known;
        } else {
          for (; key < keyEnd; key++, i++) if (keyView.getUint8(key) !== bytes[i]) break known;
        }
        valueAt = lineAt;
        const slot = slots[expected];
        if (slot <= SPECIAL_MAX || (tags[expected] ^ tag) >>> 16 !== 0) break known;
        const after = readFloat(bytes, valueAt, number);
        if (after < 0 || bytes[after] !== LF) break known;
        if (slot !== DROPPED) {
          kept++;
          if (words[2 * slot] === ABSENT_LOW && words[2 * slot + 1] === ABSENT_HIGH) values[slot] = number[0];
          else row.duplicates++;
        }
        tags[expected] = tag;
        scraped++;
        previous = expected;
        expected = next[expected];
        at = after + 1;
        continue;
      }
      this.#count(scraped, kept);
      scraped = kept = 0;
      this.#table.previous = previous;
      at = this.#knownComment(expected, valueAt)
        ? valueAt
        : this.#otherLine(bytes, at, end, expected, valueAt);
      this.#line++;
      ({ keyView, offsets, slots, next, tags } = this.#table);
      ({ values, words } = row);
      tag = this.#tag;
      ({ previous, expected } = this.#table);
    }
    this.#count(scraped, kept);
    this.#table.previous = previous;
  }

  get #tag(): number {
    return (this.#context.id << 16 | this.#body) >>> 0;
  }

  /** Counts lines of plain samples. */
  #count(scraped: number, kept: number): void {
    this.#line += scraped;
    this.#entriesSeen += scraped;
    this.#row.samplesScraped += scraped;
    this.#row.samplesKept += kept;
  }

  /** Reads the line if it is the expected one and a comment; `valueAt` as in `#otherLine`. */
  #knownComment(entry: number, valueAt: number): boolean {
    if (valueAt === NONE || this.#table.slots[entry] > SPECIAL_MAX) return false;
    const special = this.#specialOf(entry);
    if (special.kind !== "comment") return false;
    this.#advance(entry);
    this.#apply(special);
    return true;
  }

  /**
   * Reads a line that is not simply the expected series and a number.
   * @param entry The expected entry.
   * @param valueAt Where its text ends if the line starts with it, else NONE.
   * @returns The index after its line feed.
   */
  #otherLine(bytes: Uint8Array, at: number, end: number, entry: number, valueAt: number): number {
    // With a brace the series goes on: "a {" begins like "a ".
    if (
      valueAt !== NONE && this.#table.tags[entry] >>> 16 === this.#context.id && bytes[valueAt] !== OPEN
    ) {
      return this.#sample(entry, bytes, at, valueAt);
    }
    const lineEnd = bytes.indexOf(LF, at);
    if (lineEnd + 1 - at > LINE_BYTES_MAX) throw this.#lineTooLong();
    const first = this.#dialect === "text" ? skipBlanks(bytes, at) : at;
    if (bytes[first] === HASH) return this.#comment(bytes, { at, first, lineEnd, end });
    if (bytes[first] === LF && this.#dialect === "text") return lineEnd + 1;
    const start = this.#lexer.series(bytes, at);
    const found = this.#table.find(bytes, at, start, this.#context.id);
    return this.#sample(found === NONE ? this.#newSeries(bytes, at, start) : found, bytes, at, start);
  }

  #comment(bytes: Uint8Array, line: { at: number; first: number; lineEnd: number; end: number }): number {
    const after = line.lineEnd + 1;
    let entry = this.#table.find(bytes, line.at, after, COMMENT_CONTEXT);
    if (entry === NONE) {
      const comment = parseComment(bytes, line.first, line.lineEnd, this.#dialect);
      if (comment === undefined) return after;
      if (comment === "eof") {
        this.#ended = true;
        if (after < line.end) throw new ExpositionError("unexpected data after # EOF");
        return after;
      }
      entry = this.#table.add(
        bytes,
        line.at,
        after,
        COMMENT_CONTEXT,
        this.#addSpecial({ kind: "comment", comment, record: undefined }),
      );
    }
    const special = this.#specialOf(entry);
    this.#advance(entry);
    if (special.kind === "comment") this.#apply(special);
    return after;
  }

  #advance(entry: number): void {
    this.#table.advance(entry, this.#body);
    this.#entriesSeen++;
  }

  /** Reads value, timestamp and exemplar of a line and stores them. */
  #sample(entry: number, bytes: Uint8Array, at: number, valueAt: number): number {
    const reader = this.#reader;
    const after = reader.read(bytes, valueAt);
    if (after - at > LINE_BYTES_MAX) throw this.#lineTooLong();
    if (!this.#options.honorTimestamps) reader.timeMs = undefined;
    this.#advance(entry);
    const slot = this.#table.slots[entry];
    if (slot > SPECIAL_MAX) {
      this.#store(slot);
      this.#storeExemplar(slot);
      return after;
    }
    const special = this.#specialOf(entry);
    if (special.kind === "created") {
      special.group.startMs = Math.trunc(reader.value * 1000);
      special.group.body = this.#body;
    } else if (special.kind === "part") {
      const { conversion, role, upperBound, classicSlot } = special;
      if (conversion !== this.#open) {
        this.#closeConversion();
        this.#open = conversion;
      }
      if (role === "bucket") conversion.parts.setBucket(upperBound, reader.value);
      else if (role === "sum") conversion.parts.setSum(reader.value);
      else conversion.parts.setCount(reader.value);
      conversion.timeMs = reader.timeMs;
      this.#storeExemplar(conversion.slot);
      if (classicSlot !== undefined) this.#store(classicSlot);
    }
    return after;
  }

  #store(slot: number): void {
    const { value, timeMs } = this.#reader, row = this.#row;
    row.samplesScraped++;
    if (slot === DROPPED) return;
    row.samplesKept++;
    if (timeMs === undefined) row.put(slot, value);
    else row.putTimed(slot, timeMs, value);
  }

  #storeExemplar(slot: number): void {
    const { exemplar } = this.#reader;
    if (exemplar !== undefined && slot !== DROPPED) this.#row.exemplars.push({ slot, ...exemplar });
  }

  /** Stores the histogram whose series are being read, if they make one. */
  #closeConversion(): void {
    const conversion = this.#open;
    if (conversion === undefined) return;
    this.#open = undefined;
    const histogram = conversion.parts.convert();
    conversion.parts.clear();
    if (typeof histogram === "string") return; // As upstream: not an error in the text formats.
    const { slot, start, timeMs } = conversion;
    const startMs = start?.body === this.#body ? start.startMs : 0;
    this.#row.putHistogram({ slot, timeMs, startMs, histogram });
  }

  #reportStartTimes(): void {
    const { timed } = this.#row;
    for (const { slots, startMs, body } of this.#startTimes.values()) {
      if (body !== this.#body) continue;
      for (const slot of slots) {
        // Samples with timestamps of their own are not looked for: a start without a sample does no harm.
        if (timed.count > 0 || !this.#row.isAbsent(slot)) this.#row.startTimes.push({ slot, startMs });
      }
    }
  }

  #apply(known: KnownComment): void {
    const { comment } = known, { family } = comment;
    const record = known.record = this.#metadata.touch(family, known.record);
    if (comment.kind === "help") {
      record.help = comment.help;
      return;
    }
    if (comment.kind === "unit") {
      record.unit = comment.unit;
      this.#unit = comment.unit;
      this.#unitFamily = family;
    } else {
      record.type = comment.type;
      this.#type = comment.type;
      this.#family = family;
    }
    this.#enterContext();
  }

  /** Makes `#context` the one of the metadata read last. */
  #enterContext(): void {
    const { convertClassicHistogramsToNhcb, typeAndUnitLabels } = this.#options;
    const type = this.#type;
    const converted = convertClassicHistogramsToNhcb && type === "histogram" ? this.#family : "";
    const unit = typeAndUnitLabels && this.#unitFamily === this.#family ? this.#unit : "";
    const key = converted === "" && unit === "" ? type : JSON.stringify([type, unit, converted]);
    let context = this.#contexts.get(key);
    if (context === undefined) {
      if (this.#contexts.size === COMMENT_CONTEXT) this.resetCache();
      context = { id: this.#contexts.size, type, unit, converted };
      this.#contexts.set(key, context);
    }
    this.#context = context;
  }

  #specialOf(entry: number): Special {
    return this.#specials[SPECIAL_MAX - this.#table.slots[entry]];
  }

  /** @returns What stands for it among the slots. */
  #addSpecial(special: Special): number {
    return SPECIAL_MAX + 1 - this.#specials.push(special);
  }

  /** Resolves the series that the lexer has just read, and remembers its text, bytes [start, end). */
  #newSeries(bytes: Uint8Array, start: number, end: number): number {
    const { parts } = this.#lexer;
    const whole = textOf(bytes, start, end);
    const ascii = /^[\0-\x7f]*$/.test(whole); // then positions in bytes and in text are the same
    const text = (i: number, what: string) =>
      unescape(
        ascii
          ? whole.slice(parts[i] - start, parts[i + 1] - start)
          : decodeUtf8(bytes, parts[i], parts[i + 1], what),
      );
    const name = text(0, "metric name");
    const labels: ExposedLabel[] = [];
    for (let i = 2; i < parts.length; i += 4) {
      labels.push([text(i, "label name"), text(i + 2, "label value")]);
    }
    return this.#table.add(bytes, start, end, this.#context.id, this.#meaningOf(name, labels));
  }

  /** A slot, DROPPED, or what stands for a special. */
  #meaningOf(name: string, labels: readonly ExposedLabel[]): number {
    const context = this.#context;
    if (this.#options.startTimestamps && this.#dialect === "openmetrics" && isCreated(name, context.type)) {
      return this.#addSpecial({ kind: "created", group: this.#startTimeGroup(name, labels) });
    }
    const part = context.converted === "" ? undefined : partOf(name, labels, context.converted);
    if (part === undefined) return this.#floatSlot(name, labels);
    const conversion = this.#conversion(name, labels);
    const classicSlot = this.#options.alwaysScrapeClassicHistograms
      ? this.#floatSlot(name, labels)
      : undefined;
    return this.#addSpecial({ kind: "part", conversion, ...part, classicSlot });
  }

  #floatSlot(name: string, labels: readonly ExposedLabel[]): number {
    const slot = this.#resolve(name, labels, "float");
    if (slot !== DROPPED && this.#options.startTimestamps && startsToCount(this.#context.type)) {
      this.#startTimeGroup(name, labels).slots.push(slot);
    }
    return slot;
  }

  #resolve(name: string, labels: readonly ExposedLabel[], kind: "float" | "histogram"): number {
    const typeAndUnitLabels = this.#options.typeAndUnitLabels ?? false;
    const slot = this.#resolver.resolve(
      exposedSeries(name, labels, this.#context, { kind, typeAndUnitLabels }),
    );
    if (slot >= this.#slotCount) {
      this.#slotCount = slot + 1;
      this.#row.reserve(this.#slotCount);
    }
    return slot;
  }

  #conversion(name: string, labels: readonly ExposedLabel[]): Conversion {
    const key = this.#metricKey(name, labels);
    let conversion = this.#conversions.get(key);
    if (conversion === undefined) {
      const own = labels.filter(([label]) => label !== "le");
      const slot = this.#resolve(this.#context.converted, own, "histogram");
      const start = this.#options.startTimestamps ? this.#startTimeGroup(name, labels) : undefined;
      conversion = { parts: new ClassicHistogram(), slot, start, timeMs: undefined };
      this.#conversions.set(key, conversion);
    }
    return conversion;
  }

  #startTimeGroup(name: string, labels: readonly ExposedLabel[]): StartTimeGroup {
    const key = this.#metricKey(name, labels);
    let group = this.#startTimes.get(key);
    if (group === undefined) {
      group = { slots: [], startMs: 0, body: -1 };
      this.#startTimes.set(key, group);
    }
    return group;
  }

  /** The same for all series of one metric, whatever their `le`, `quantile` and suffix. */
  #metricKey(name: string, labels: readonly ExposedLabel[]): string {
    const { type } = this.#context;
    const part = partLabel(type);
    return JSON.stringify([
      this.#context.id,
      familyName(name, type),
      ...labels.filter(([label, value]) => label !== part && value !== "").map(String).sort(),
    ]);
  }

  /** Forgets texts that the last body did not have. */
  #evict(): void {
    if (this.#conversions.size > 0 || this.#startTimes.size > 0) {
      this.resetCache(); // Metrics that come of several series are found again as a whole.
      return;
    }
    const old = this.#specials;
    this.#table = this.#table.compacted(this.#body);
    this.#specials = [];
    const { slots, count } = this.#table;
    for (let entry = 0; entry < count; entry++) {
      if (slots[entry] <= SPECIAL_MAX) slots[entry] = this.#addSpecial(old[SPECIAL_MAX - slots[entry]]);
    }
  }
}

/** Whether metrics of this type have a time when they began to count. */
function startsToCount(type: MetricType): boolean {
  return type === "counter" || type === "summary" || type === "histogram";
}

function isCreated(name: string, type: MetricType): boolean {
  return startsToCount(type) && name.endsWith("_created");
}

/** Which part of a classic histogram of family `family` a series is; undefined: none. */
function partOf(
  name: string,
  labels: readonly ExposedLabel[],
  family: string,
): { role: "bucket" | "sum" | "count"; upperBound: number } | undefined {
  if (!name.startsWith(family)) return undefined;
  const suffix = name.slice(family.length);
  if (suffix === "_sum") return { role: "sum", upperBound: NaN };
  if (suffix === "_count") return { role: "count", upperBound: NaN };
  if (suffix !== "_bucket") return undefined;
  const bound = labels.find(([label]) => label === "le")?.[1];
  const upperBound = bound === undefined ? NaN : parseFloatText(bound);
  return typeof upperBound === "number" && upperBound === upperBound
    ? { role: "bucket", upperBound }
    : undefined;
}
