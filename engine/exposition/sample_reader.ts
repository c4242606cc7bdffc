import { ExpositionError } from "./exposition_error.ts";
import { type ExposedLabel, labelsOf } from "./exposed_series.ts";
import { parseFloatText } from "../go_float.ts";
import { readFloat } from "./float.ts";
import type { Labels } from "../labels/labels.ts";
import { decodeUtf8, type Dialect, SeriesLexer, skipBlanks, textOf, unescape } from "./series_syntax.ts";

const TAB = 0x09, LF = 0x0a, SPACE = 0x20, HASH = 0x23, OPEN = 0x7b;

/** An exemplar as it stands on a line; without `timeMs` it has the time of the scrape. */
export interface LineExemplar {
  readonly labels: Labels;
  readonly value: number;
  /** Milliseconds since the Unix epoch. */
  readonly timeMs: number | undefined;
}

/** Reads what follows the series on a line: value, timestamp, exemplar. */
export class SampleReader {
  value = 0;
  /** Milliseconds since the Unix epoch; undefined where the line has no timestamp. */
  timeMs: number | undefined;
  exemplar: LineExemplar | undefined;
  readonly #lax: boolean;
  readonly #lexer: SeriesLexer;
  readonly #number = new Float64Array(1);

  constructor(dialect: Dialect) {
    this.#lax = dialect === "text";
    this.#lexer = new SeriesLexer(dialect);
  }

  /**
   * Reads the rest of a line from its value on.
   * @returns The index after the line feed, which must exist.
   * @throws {ExpositionError} If it is malformed.
   */
  read(bytes: Uint8Array, at: number): number {
    this.timeMs = undefined;
    this.exemplar = undefined;
    const start = this.#lax ? skipBlanks(bytes, at) : at;
    if (bytes[start] === LF) {
      throw new ExpositionError("expected value after metric", { text: lineAround(bytes, at) });
    }
    let i = this.#float(bytes, start);
    this.value = this.#number[0];
    if (bytes[i] === LF) return i + 1;
    if (this.#lax) return this.#textTimestamp(bytes, i);
    if (bytes[i + 1] !== HASH) {
      i = this.#float(bytes, i + 1);
      this.timeMs = this.#secondsToMs("invalid timestamp");
    }
    return bytes[i] === LF ? i + 1 : this.#exemplar(bytes, i);
  }

  /** Reads the token at `at` as a float into `#number`; the index after it is of a blank or line feed. */
  #float(bytes: Uint8Array, at: number): number {
    const after = readFloat(bytes, at, this.#number);
    if (after >= 0) return after;
    let end = at;
    while (bytes[end] !== LF && bytes[end] !== SPACE && !(this.#lax && bytes[end] === TAB)) end++;
    const text = textOf(bytes, at, end);
    const value = parseFloatText(text);
    if (typeof value === "string") throw new ExpositionError(value, { text: lineAround(bytes, at) });
    this.#number[0] = value;
    return end;
  }

  /** Milliseconds as an unsigned integer, then nothing but blanks. */
  #textTimestamp(bytes: Uint8Array, at: number): number {
    const start = skipBlanks(bytes, at);
    if (bytes[start] === LF) return start + 1;
    let end = start, time = 0;
    for (let digit = bytes[end] ^ 0x30; digit < 10; digit = bytes[++end] ^ 0x30) time = time * 10 + digit;
    if (end === start) {
      throw new ExpositionError("expected timestamp or new record", { text: lineAround(bytes, at) });
    }
    this.timeMs = end - start <= 15 ? time : Number(textOf(bytes, start, end));
    if (this.timeMs >= 2 ** 63) {
      const text = JSON.stringify(textOf(bytes, start, end));
      throw new ExpositionError(`strconv.ParseInt: parsing ${text}: value out of range`);
    }
    const after = skipBlanks(bytes, end);
    if (bytes[after] === LF) return after + 1;
    throw new ExpositionError("expected next entry after timestamp", { text: lineAround(bytes, at) });
  }

  #exemplar(bytes: Uint8Array, at: number): number {
    if (bytes[at + 1] !== HASH || bytes[at + 2] !== SPACE || bytes[at + 3] !== OPEN) {
      throw new ExpositionError("expected timestamp or comment", { text: lineAround(bytes, at) });
    }
    const { parts } = this.#lexer;
    parts.length = 0;
    let i = this.#lexer.labels(bytes, at + 4, false);
    if (bytes[i] !== SPACE) {
      throw new ExpositionError("expected value after exemplar labels", { text: lineAround(bytes, at) });
    }
    const labels: ExposedLabel[] = [];
    for (let p = 0; p < parts.length; p += 4) {
      labels.push([
        unescape(decodeUtf8(bytes, parts[p], parts[p + 1], "label name")),
        unescape(decodeUtf8(bytes, parts[p + 2], parts[p + 3], "label value")),
      ]);
    }
    i = this.#float(bytes, i + 1);
    const value = this.#number[0];
    let timeMs: number | undefined;
    if (bytes[i] === SPACE) {
      i = this.#float(bytes, i + 1);
      timeMs = this.#secondsToMs("invalid exemplar timestamp");
    }
    if (bytes[i] !== LF) {
      throw new ExpositionError("expected next entry after exemplar timestamp", {
        text: lineAround(bytes, at),
      });
    }
    this.exemplar = { labels: labelsOf(labels, "exemplar"), value, timeMs };
    return i + 1;
  }

  /** The seconds in `#number` as whole milliseconds. */
  #secondsToMs(complaint: string): number {
    const seconds = this.#number[0];
    if (!Number.isFinite(seconds)) throw new ExpositionError(`${complaint} ${seconds}`);
    return Math.trunc(seconds * 1000);
  }
}

/** The line that `at` is on, for an error message. */
function lineAround(bytes: Uint8Array, at: number): string {
  let start = at, end = at;
  while (start > 0 && bytes[start - 1] !== LF) start--;
  while (bytes[end] !== LF) end++;
  return textOf(bytes, start, end);
}
