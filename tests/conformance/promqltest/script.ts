import { RE2JS } from "re2js";
import { parseDuration } from "../../../engine/duration.ts";
import { parseNumber } from "../../../engine/promql/number_literal.ts";
import { scanString, unquote } from "../../../engine/promql/string_literal.ts";
import { parseSeriesDescription, type SeriesDescription } from "./series_values.ts";
import { isStartTimeLine, parseStartTimes } from "./start_times.ts";

/** A line of a script that cannot be read. */
export class ScriptError extends SyntaxError {
  override readonly name = "ScriptError";
  constructor(line: number, reason: string) {
    super(`line ${line}: ${reason}`);
  }
}

/** A series to load, with start timestamps relative to its samples where it has some. */
export interface LoadedSeries extends SeriesDescription {
  readonly startOffsetsMs?: readonly (number | undefined)[];
}

export interface LoadCommand {
  readonly kind: "load";
  readonly line: number;
  /** Distance of samples; the first one is at 0. */
  readonly intervalMs: number;
  /** Classic histograms are loaded as native ones with custom buckets as well. */
  readonly withNhcb: boolean;
  readonly series: readonly LoadedSeries[];
}

/** What one message has to be like. */
export type MessagePattern = (message: string) => boolean;

/** What annotations and errors a query is to give. Undefined: not looked at. */
export interface Expectations {
  readonly fail?: MessagePattern;
  readonly ordered: boolean;
  /** Each has to match some annotation of its level, and each annotation has to be matched by one of them. */
  readonly warning: readonly MessagePattern[];
  readonly info: readonly MessagePattern[];
  readonly noWarning: boolean;
  readonly noInfo: boolean;
}

export interface EvalCommand {
  readonly kind: "eval";
  readonly line: number;
  readonly query: string;
  readonly isRange: boolean;
  /** Where the expected values lie; for instant queries without a range vector all three are one time. */
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  /** An instant query that gives a range vector or a string, and so cannot run as a range query. */
  readonly instantOnly: boolean;
  readonly expectations: Expectations;
  readonly scalar?: number;
  readonly text?: string;
  readonly series: readonly SeriesDescription[];
}

export type Command = LoadCommand | EvalCommand | { readonly kind: "clear"; readonly line: number };

/**
 * Reads a script of upstream's test language.
 * @throws {ScriptError} For the first line that is not understood.
 */
export function parseScript(text: string): Command[] {
  const lines = text.split("\n").map((line) => line.trim()).map((line) => line.startsWith("#") ? "" : line);
  const commands: Command[] = [];
  for (let at = 0; at < lines.length; at++) {
    if (lines[at] === "") continue;
    let end = at + 1;
    while (end < lines.length && lines[end] !== "") end++;
    const word = lines[at].split(/[\t ]+/, 1)[0].toLowerCase();
    try {
      if (word === "clear") {
        commands.push({ kind: "clear", line: at + 1 });
        continue;
      }
      if (word.startsWith("load")) commands.push(parseLoad(lines, at, end));
      else if (word.startsWith("eval")) commands.push(parseEval(lines, at, end));
      else throw new SyntaxError(`invalid command "${lines[at]}"`);
    } catch (error) {
      if (error instanceof ScriptError) throw error;
      throw new ScriptError(at + 1, (error as Error).message);
    }
    at = end - 1;
  }
  return commands;
}

function parseLoad(lines: readonly string[], at: number, end: number): LoadCommand {
  const head = /^load(_with_nhcb)?\s+(.+)$/.exec(lines[at]);
  if (!head) throw new SyntaxError("invalid load command: use load[_with_nhcb] <interval>");
  const series: LoadedSeries[] = [];
  let starts: ReturnType<typeof parseStartTimes> | undefined;
  for (let i = at + 1; i < end; i++) {
    if (isStartTimeLine(lines[i])) {
      if (starts !== undefined) throw new ScriptError(i + 1, "the @st line before has no series");
      starts = parseStartTimes(lines[i]);
      continue;
    }
    const description = parseSeriesDescription(lines[i]);
    if (starts !== undefined) {
      if (!starts.labels.equals(description.labels)) {
        throw new ScriptError(i + 1, "the @st line before is of another series");
      }
      if (starts.offsetsMs.length !== description.values.length) {
        throw new ScriptError(
          i + 1,
          `${description.values.length} values for ${starts.offsetsMs.length} start times`,
        );
      }
    }
    series.push({ ...description, startOffsetsMs: starts?.offsetsMs });
    starts = undefined;
  }
  if (starts !== undefined) throw new ScriptError(end, "the @st line has no series");
  return {
    kind: "load",
    line: at + 1,
    intervalMs: parseDuration(head[2]),
    withNhcb: head[1] !== undefined,
    series,
  };
}

function parseEval(lines: readonly string[], at: number, end: number): EvalCommand {
  const instant = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+at\s+(\S+)\s+(.+)$/.exec(lines[at]);
  const range = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+)$/.exec(
    lines[at],
  );
  const parts = instant ?? range;
  if (parts === null) throw new SyntaxError("invalid evaluation command");
  const [startMs, endMs, stepMs] = instant !== null
    ? [parseDuration(instant[2]), parseDuration(instant[2]), 0]
    : [range![2], range![3], range![4]].map(parseDuration);
  const body = parseExpected(lines, at + 1, end, parts[1]);
  const isRangeVector = body.window !== undefined;
  for (const { values } of body.series) {
    if (instant !== null && !isRangeVector && values.length > 1) {
      throw new SyntaxError("several values of a series in an instant query need expect range vector");
    }
  }
  return {
    kind: "eval",
    line: at + 1,
    query: parts[parts.length - 1],
    isRange: instant === null,
    ...(body.window ?? { startMs, endMs, stepMs }),
    instantOnly: isRangeVector || body.text !== undefined,
    expectations: body.expectations,
    scalar: body.scalar,
    text: body.text,
    series: body.series,
  };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

interface Expected {
  readonly expectations: Expectations;
  readonly window?: { readonly startMs: number; readonly endMs: number; readonly stepMs: number };
  readonly scalar?: number;
  readonly text?: string;
  readonly series: readonly SeriesDescription[];
}

/** @param modifier The deprecated suffix of `eval`. */
function parseExpected(
  lines: readonly string[],
  from: number,
  end: number,
  modifier: string | undefined,
): Expected {
  const warning: MessagePattern[] = [], info: MessagePattern[] = [];
  const expectations: Writable<Expectations> = {
    ordered: modifier === "ordered",
    warning,
    info,
    noWarning: false,
    noInfo: false,
  };
  if (modifier === "fail") expectations.fail = anything;
  if (modifier === "warn") warning.push(anything);
  if (modifier === "info") info.push(anything);
  const series: SeriesDescription[] = [];
  let window: Expected["window"];
  let scalar: number | undefined;
  let text: string | undefined;
  for (let i = from; i < end; i++) {
    const line = lines[i];
    const failure = /^expected_fail_(message|regexp)\s+(.+)$/.exec(line);
    const rangeVector = /^expect range vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)$/.exec(line);
    if (failure) expectations.fail = pattern(failure[1] === "message" ? "msg" : "regex", failure[2]);
    else if (rangeVector) {
      const [startMs, endMs, stepMs] = rangeVector.slice(1).map(parseDuration);
      window = { startMs, endMs, stepMs };
    } else if (line.startsWith("expect string")) text = parseText(line, i + 1);
    else if (/^expect\s/.test(line)) {
      const parts = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/.exec(line);
      if (!parts) throw new ScriptError(i + 1, `invalid expect statement "${line}"`);
      const [, kind, how, wanted] = parts;
      const matches = how === undefined ? anything : pattern(how, wanted.trim());
      if (kind === "ordered") expectations.ordered = true;
      else if (kind === "no_warn") expectations.noWarning = true;
      else if (kind === "no_info") expectations.noInfo = true;
      else if (kind === "warn") warning.push(matches);
      else if (kind === "info") info.push(matches);
      else if (expectations.fail !== undefined && modifier !== "fail") {
        throw new ScriptError(i + 1, "more than one expect fail");
      } else expectations.fail = matches;
    } else if (isNumber(line)) scalar = numberOf(line);
    else {
      try {
        series.push(parseSeriesDescription(line));
      } catch (error) {
        throw new ScriptError(i + 1, (error as Error).message);
      }
    }
  }
  if ((expectations.noWarning && warning.length > 0) || (expectations.noInfo && info.length > 0)) {
    throw new ScriptError(from, "annotations are both expected and not expected");
  }
  return { expectations, window, scalar, text, series };
}

function anything(): boolean {
  return true;
}

/** @param how `msg` for the very text, `regex` for an RE2 pattern that matches somewhere in it. */
function pattern(how: string, wanted: string): MessagePattern {
  if (how === "msg") return (message) => message === wanted;
  const regexp = RE2JS.compile(wanted);
  return (message) => regexp.matcher(message).find();
}

function parseText(line: string, number: number): string {
  const literal = line.slice("expect string".length).trim();
  if (literal === "" || scanString(literal, 0) !== literal.length) {
    throw new ScriptError(number, "expect string needs a quoted string");
  }
  return unquote(literal);
}

function isNumber(line: string): boolean {
  return /^[+-]?(?:\d|\.\d|inf$|nan$)/i.test(line) && !/\s/.test(line);
}

function numberOf(line: string): number {
  const [, sign, digits] = /^([+-]?)(.*)$/.exec(line)!;
  return (sign === "-" ? -1 : 1) * parseNumber(digits);
}
