import { configureSync, getLogger, type Logger, type LogLevel, type LogRecord } from "@logtape/logtape";
import { inspect } from "node:util";
import { quote } from "../engine/labels/labels.ts";

export interface LogSettings {
  /** The least important messages that are written: debug, info, warn or error. */
  readonly level: string;
  /** logfmt or json. */
  readonly format: string;
}

/** Takes one line, its end included. */
export type LineWriter = (line: string) => void;

const ROOT = "narthex";

/** Settings and the levels of the library. */
const LOWEST: ReadonlyMap<string, LogLevel> = new Map([
  ["debug", "debug"],
  ["info", "info"],
  ["warn", "warning"],
  ["error", "error"],
]);
const FORMATS: ReadonlyMap<string, (record: LogRecord) => string> = new Map([
  ["logfmt", formatLogfmt],
  ["json", formatJson],
]);

/** Levels of the library and what the lines call them. */
const LEVELS: Readonly<Record<LogLevel, string>> = {
  trace: "DEBUG",
  debug: "DEBUG",
  info: "INFO",
  warning: "WARN",
  error: "ERROR",
  fatal: "ERROR",
};

/**
 * Sets up what all loggers of this thread write, anew if it was set up before; to standard error unless told otherwise.
 * @throws {RangeError} If the level or the format is not known.
 */
export function configureLog(settings: LogSettings, write: LineWriter = toStandardError): void {
  const lowestLevel = LOWEST.get(settings.level), format = FORMATS.get(settings.format);
  if (lowestLevel === undefined || format === undefined) {
    throw new RangeError(
      `Cannot log at level ${JSON.stringify(settings.level)} as ${
        JSON.stringify(settings.format)
      }: expected ` +
        `${[...LOWEST.keys()].join(", ")} and ${[...FORMATS.keys()].join(", ")}`,
    );
  }
  configureSync({
    reset: true,
    sinks: { lines: (record) => write(format(record)) },
    loggers: [
      {
        category: ROOT,
        lowestLevel,
        sinks: ["lines"],
        captureSourceLocation: true,
      },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["lines"] },
    ],
  });
}

/** The logger of a part of the server. Messages are fixed texts; what varies goes into their fields. */
export function logger(component: string): Logger {
  return getLogger([ROOT, component]);
}

const encoder = new TextEncoder();

function toStandardError(line: string): void {
  let bytes = encoder.encode(line);
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stderr.writeSync(bytes));
}

/** One line of `key=value`: `time=… level=INFO source=serve.ts:40 msg="…" component=main key=value`. */
function formatLogfmt(record: LogRecord): string {
  return fieldsOf(record).map(([key, value]) => `${logfmtKey(key)}=${logfmtValue(textOf(value))}`).join(" ") +
    "\n";
}

/** The same fields as an object in one line. */
function formatJson(record: LogRecord): string {
  return JSON.stringify(Object.fromEntries(fieldsOf(record).map(([key, value]) => [key, jsonOf(value)]))) +
    "\n";
}

function fieldsOf(record: LogRecord): [key: string, value: unknown][] {
  const { timestamp, level, category, rawMessage, sourceLocation, properties } = record;
  const fields: [string, unknown][] = [["time", new Date(timestamp).toISOString()], ["level", LEVELS[level]]];
  if (sourceLocation !== undefined) {
    const { file, line } = sourceLocation;
    fields.push(["source", `${file.slice(file.lastIndexOf("/") + 1)}:${line}`]);
  }
  // As given: a message may hold braces, which the library would take for placeholders.
  fields.push(["msg", typeof rawMessage === "string" ? rawMessage : rawMessage.join("")]);
  if (category.length > 1) fields.push(["component", category.slice(1).join(".")]);
  return [...fields, ...Object.entries(properties)];
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return describe(value);
  return typeof value === "object" && value !== null
    ? inspect(value, { breakLength: Infinity })
    : String(value);
}

function jsonOf(value: unknown): unknown {
  if (value instanceof Error) return describe(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value === "object" && value !== null) {
    try {
      JSON.stringify(value);
    } catch {
      return textOf(value); // circular, or it holds a bigint
    }
  }
  return value;
}

/** An error that tells a programmer more than its message comes with its stack. */
function describe(error: Error): string {
  const isExpected = !(error instanceof TypeError || error instanceof ReferenceError) &&
    !error.message.startsWith("BUG");
  return isExpected ? error.message : error.stack ?? error.message;
}

function logfmtKey(key: string): string {
  return key.replace(/[\s="]/g, "_");
}

function logfmtValue(text: string): string {
  return text !== "" && /^[!#-<>-~\u00a1-\u{10ffff}]*$/u.test(text) && text.isWellFormed()
    ? text
    : quote(text);
}
