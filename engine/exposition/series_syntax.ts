import { ExpositionError } from "./exposition_error.ts";

/** Where the two text formats differ in the part of a line that names a series. */
export type Dialect = "text" | "openmetrics";

const TAB = 0x09, LF = 0x0a, SPACE = 0x20, QUOTE = 0x22, COMMA = 0x2c, EQUAL = 0x3d;
const BACKSLASH = 0x5c, OPEN = 0x7b, CLOSE = 0x7d;

const NAME_START = 1, NAME_PART = 2, COLON = 4;
const CLASSES = new Uint8Array(256);
for (let c = 0x61; c <= 0x7a; c++) CLASSES[c] = CLASSES[c - 0x20] = NAME_START | NAME_PART;
for (let c = 0x30; c <= 0x39; c++) CLASSES[c] = NAME_PART;
CLASSES[0x5f] = NAME_START | NAME_PART;
CLASSES[0x3a] = COLON;

/** Whether the byte may start a metric name that is not quoted. */
function startsMetricName(byte: number): boolean {
  return (CLASSES[byte] & (NAME_START | COLON)) !== 0;
}

/** The end of the metric name, or of the quoted one, that starts at `at`; `at` itself if none does. */
export function metricNameEnd(bytes: Uint8Array, at: number): number {
  if (bytes[at] === QUOTE) return quotedEnd(bytes, at);
  if (!startsMetricName(bytes[at])) return at;
  let i = at + 1;
  while ((CLASSES[bytes[i]] & (NAME_PART | COLON)) !== 0) i++;
  return i;
}

function labelNameEnd(bytes: Uint8Array, at: number): number {
  if ((CLASSES[bytes[at]] & NAME_START) === 0) return at;
  let i = at + 1;
  while ((CLASSES[bytes[i]] & NAME_PART) !== 0) i++;
  return i;
}

/** The end of the quoted text that starts at `at`; `at` itself if it is not closed on its line. */
function quotedEnd(bytes: Uint8Array, at: number): number {
  for (let i = at + 1; bytes[i] !== LF; i++) {
    if (bytes[i] === QUOTE) return i + 1;
    if (bytes[i] === BACKSLASH && bytes[++i] === LF) return at;
  }
  return at;
}

/** The first byte from `at` on that is neither a space nor a tab. */
export function skipBlanks(bytes: Uint8Array, at: number): number {
  let i = at;
  while (bytes[i] === SPACE || bytes[i] === TAB) i++;
  return i;
}

/** Where the parts of the last lexed series are: the name's start and end, then four positions for each label. */
export class SeriesLexer {
  /** Name start, name end, then for each label: name start, name end, value start, value end; quotes excluded. */
  readonly parts: number[] = [];
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /**
   * Reads the series at the start of a line, up to its value, into `parts`.
   * @param bytes Must have a line feed after `start`.
   * @returns Where the value starts: blanks before it belong to the series text.
   * @throws {ExpositionError} If this is no series.
   */
  series(bytes: Uint8Array, start: number): number {
    const { parts } = this;
    const lax = this.#dialect === "text";
    parts.length = 0;
    let i = lax ? skipBlanks(bytes, start) : start;
    if (startsMetricName(bytes[i])) {
      const end = metricNameEnd(bytes, i);
      parts.push(i, end);
      i = lax ? skipBlanks(bytes, end) : end;
    } else {
      parts.push(-1, -1);
      if (bytes[i] !== OPEN) fail("expected a valid start token", bytes, i);
    }
    if (bytes[i] === OPEN) i = this.labels(bytes, i + 1, true);
    if (parts[0] === -1) throw new ExpositionError("metric name not set", { text: textOf(bytes, start, i) });
    if (lax) i = skipBlanks(bytes, i);
    else if (bytes[i] !== SPACE) fail("expected value after metric", bytes, i);
    else i++;
    return i;
  }

  /**
   * Appends the labels between braces to `parts`; `at` is after the opening brace.
   * @param named Whether the metric name may be among them.
   * @returns The index after the closing brace.
   */
  labels(bytes: Uint8Array, at: number, named: boolean): number {
    const { parts } = this;
    const lax = this.#dialect === "text";
    const skip = (i: number) => lax ? skipBlanks(bytes, i) : i;
    let i = skip(at);
    while (bytes[i] !== CLOSE) {
      const quoted = bytes[i] === QUOTE;
      const nameEnd = quoted ? quotedEnd(bytes, i) : labelNameEnd(bytes, i);
      if (nameEnd === i) fail("expected label name", bytes, i);
      const from = quoted ? i + 1 : i, to = quoted ? nameEnd - 1 : nameEnd;
      i = skip(nameEnd);
      if (quoted && named && (bytes[i] === COMMA || bytes[i] === CLOSE)) {
        if (parts[0] !== -1) {
          throw new ExpositionError("metric name already set", { text: textOf(bytes, at - 1, i) });
        }
        parts[0] = from;
        parts[1] = to;
      } else {
        if (bytes[i] !== EQUAL) fail("expected equal", bytes, i);
        i = skip(i + 1);
        const valueEnd = bytes[i] === QUOTE ? quotedEnd(bytes, i) : i;
        if (valueEnd === i) fail("expected label value", bytes, i);
        parts.push(from, to, i + 1, valueEnd - 1);
        i = skip(valueEnd);
      }
      if (bytes[i] === COMMA) i = skip(i + 1);
      else if (!lax && bytes[i] !== CLOSE) fail("expected comma or brace close", bytes, i);
    }
    return i + 1;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8Lossy = new TextDecoder("utf-8", { ignoreBOM: true });

/** The text of bytes [start, end) for an error message; bad UTF-8 is replaced. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return utf8Lossy.decode(bytes.subarray(start, end));
}

/**
 * The text of bytes [start, end).
 * @param what Names the text in the error.
 * @throws {ExpositionError} If it is not UTF-8.
 */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number, what: string): string {
  try {
    return utf8.decode(bytes.subarray(start, end));
  } catch (cause) {
    const text = JSON.stringify(textOf(bytes, start, end));
    throw new ExpositionError(`invalid UTF-8 ${what}: ${text}`, { cause });
  }
}

/** Replaces `\\`, `\n` and `\"`; other backslashes stand for themselves. */
export function unescape(text: string): string {
  return text.includes("\\") ? text.replace(/\\([\\n"])/g, (_, c) => c === "n" ? "\n" : c) : text;
}

/** As `unescape`, without `\"`: HELP texts of the text format. */
export function unescapeHelp(text: string): string {
  return text.includes("\\") ? text.replace(/\\([\\n])/g, (_, c) => c === "n" ? "\n" : c) : text;
}

function fail(expected: string, bytes: Uint8Array, at: number): never {
  const got = bytes[at] === LF
    ? '"\\n" ("LINEBREAK")'
    : `${JSON.stringify(textOf(bytes, at, at + 1))} ("INVALID")`;
  let start = at, end = at;
  while (start > 0 && bytes[start - 1] !== LF) start--;
  while (bytes[end] !== LF) end++;
  throw new ExpositionError(`${expected}, got ${got}`, { text: textOf(bytes, start, end) });
}
