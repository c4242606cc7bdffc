import { ExpositionError } from "./exposition_error.ts";
import type { MetricType } from "./metric_family.ts";
import {
  decodeUtf8,
  type Dialect,
  metricNameEnd,
  skipBlanks,
  textOf,
  unescape,
  unescapeHelp,
} from "./series_syntax.ts";

/** What a comment line says: one fact about a metric family. */
export type FamilyComment =
  | { readonly kind: "help"; readonly family: string; readonly help: string }
  | { readonly kind: "type"; readonly family: string; readonly type: MetricType }
  | { readonly kind: "unit"; readonly family: string; readonly unit: string };

const TEXT_TYPES: ReadonlyMap<string, MetricType> = new Map([
  ["counter", "counter"],
  ["gauge", "gauge"],
  ["histogram", "histogram"],
  ["summary", "summary"],
  ["untyped", "unknown"],
]);
const OPENMETRICS_TYPES: ReadonlyMap<string, MetricType> = new Map([
  ["counter", "counter"],
  ["gauge", "gauge"],
  ["histogram", "histogram"],
  ["gaugehistogram", "gaugehistogram"],
  ["summary", "summary"],
  ["info", "info"],
  ["stateset", "stateset"],
  ["unknown", "unknown"],
]);

/** What one format calls otherwise than the other. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([["untyped", "unknown"], ["unknown", "untyped"]]);

/**
 * Reads the comment line whose `#` is at `start` and whose line feed is at `end`.
 * @returns "eof" for OpenMetrics' last line, undefined for a comment that says nothing about a family.
 * @throws {ExpositionError} If it is malformed.
 */
export function parseComment(
  bytes: Uint8Array,
  start: number,
  end: number,
  dialect: Dialect,
): FamilyComment | "eof" | undefined {
  return dialect === "text"
    ? parseTextComment(bytes, start, end)
    : parseOpenMetricsComment(bytes, start, end);
}

function parseTextComment(bytes: Uint8Array, start: number, end: number): FamilyComment | undefined {
  const wordStart = skipBlanks(bytes, start + 1);
  const nameStart = skipBlanks(bytes, wordStart + 4);
  if (wordStart === start + 1 || nameStart === wordStart + 4 || nameStart > end) return undefined;
  const word = textOf(bytes, wordStart, wordStart + 4);
  if (word !== "HELP" && word !== "TYPE") return undefined;
  const [family, text] = nameAndText(bytes, { word, nameStart, end });
  if (word === "HELP") return { kind: "help", family, help: unescapeHelp(text) };
  return { kind: "type", family, type: typeNamed(text, TEXT_TYPES) };
}

function parseOpenMetricsComment(bytes: Uint8Array, start: number, end: number): FamilyComment | "eof" {
  const line = textOf(bytes, start, Math.min(end, start + 7));
  if (line === "# EOF" && end === start + 5) return "eof";
  const word = line.slice(2, 6);
  if (!/^# (HELP|TYPE|UNIT) $/.test(line)) {
    throw new ExpositionError('expected a valid start token, got "#" ("INVALID")', {
      text: textOf(bytes, start, end),
    });
  }
  const [family, text] = nameAndText(bytes, { word, nameStart: start + 7, end, separator: " " });
  if (word === "HELP") return { kind: "help", family, help: unescape(text) };
  if (word === "TYPE") return { kind: "type", family, type: typeNamed(text, OPENMETRICS_TYPES) };
  if (text !== "" && !(family.endsWith("_" + text))) {
    throw new ExpositionError(
      `unit ${JSON.stringify(text)} not a suffix of metric ${JSON.stringify(family)}`,
    );
  }
  return { kind: "unit", family, unit: text };
}

/** @param options.separator What must stand between name and text; left out: any one character, or nothing at all. */
function nameAndText(
  bytes: Uint8Array,
  options: { word: string; nameStart: number; end: number; separator?: string },
): [family: string, text: string] {
  const { word, nameStart, end, separator } = options;
  const nameEnd = metricNameEnd(bytes, nameStart);
  if (nameEnd === nameStart) {
    throw new ExpositionError(`expected metric name after ${word}`, { text: textOf(bytes, nameStart, end) });
  }
  const quoted = bytes[nameStart] === 0x22 ? 1 : 0;
  const family = unescape(decodeUtf8(bytes, nameStart + quoted, nameEnd - quoted, "metric name"));
  if (separator !== undefined && bytes[nameEnd] !== separator.charCodeAt(0)) {
    throw new ExpositionError(`expected text in ${word}`, { text: textOf(bytes, nameStart, end) });
  }
  return [family, decodeUtf8(bytes, Math.min(nameEnd + 1, end), end, `text of ${word}`)];
}

function typeNamed(text: string, types: ReadonlyMap<string, MetricType>): MetricType {
  const type = types.get(text);
  if (type === undefined) {
    const other = OTHER_NAMES.get(text);
    const fix = other !== undefined && types.has(other)
      ? `: write ${JSON.stringify(other)} in this format`
      : "";
    throw new ExpositionError(`invalid metric type ${JSON.stringify(text)}${fix}`);
  }
  return type;
}
