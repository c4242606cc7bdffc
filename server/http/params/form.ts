import { parseMetricSelector } from "../../../engine/promql/parser.ts";
import { PromQLSyntaxError } from "../../../engine/promql/promql_syntax_error.ts";
import type { Matcher } from "../../../engine/labels/matcher.ts";
import type { PlainMatcher, TimeRange } from "../../shard/shard.ts";
import { ApiError, invalidParameter } from "../api_error.ts";
import { parseDuration } from "./duration.ts";
import { parseInteger } from "./go_text.ts";
import { parseTime, TIME_MS_MAX, TIME_MS_MIN } from "./time.ts";

/** Parameters of a request: those of the form in its body first, then those of its URL. */
export class Form {
  readonly #params: URLSearchParams;

  constructor(url: URLSearchParams, body?: URLSearchParams) {
    this.#params = body === undefined ? url : new URLSearchParams([...body, ...url]);
  }

  /** The first value, "" where there is none. */
  get(name: string): string {
    return this.#params.get(name) ?? "";
  }

  all(name: string): string[] {
    return this.#params.getAll(name);
  }

  /**
   * The value as `parse` reads it, `missing` where there is none.
   * @throws {ApiError} If `parse` throws.
   */
  read<T, M>(name: string, parse: (text: string) => T, missing: M): T | M {
    const text = this.get(name);
    if (text === "") return missing;
    try {
      return parse(text);
    } catch (cause) {
      throw invalidParameter(name, cause);
    }
  }

  /** A time in ms; upstream names the parameter twice where it may be missing. */
  time(name: string, missing: number): number {
    return this.read(name, (text) => {
      try {
        return parseTime(text);
      } catch (cause) {
        throw new SyntaxError(`invalid time value for '${name}': ${(cause as Error).message}`, { cause });
      }
    }, missing);
  }

  /** A time in ms that must be given. */
  requiredTime(name: string): number {
    return this.#required(name, parseTime);
  }

  /** A duration in ms that must be given. */
  requiredDuration(name: string): number {
    return this.#required(name, parseDuration);
  }

  duration(name: string): number | undefined {
    return this.read(name, parseDuration, undefined);
  }

  /** `start` and `end`, all time where they are missing. */
  timeRange(): TimeRange {
    return { startMs: this.time("start", TIME_MS_MIN), endMs: this.time("end", TIME_MS_MAX) };
  }

  /** `limit`; 0 is none. */
  limit(): number {
    return this.read("limit", (text) => {
      const limit = parseInteger(text);
      if (limit < 0) throw new RangeError("limit must be non-negative");
      return limit;
    }, 0);
  }

  /**
   * The selectors of `match[]`.
   * @throws {PromQLSyntaxError} If one cannot be read.
   * @throws {RangeError} If one matches series without any label.
   */
  matcherSets(): PlainMatcher[][] {
    const sets = this.all("match[]").map((text) => parseMetricSelector(text));
    if (sets.some((matchers) => matchers.every((matcher) => matcher.matchesEmpty))) {
      throw new RangeError("match[] must contain at least one non-empty matcher");
    }
    return sets.map(plainMatchers);
  }

  #required<T>(name: string, parse: (text: string) => T): T {
    try {
      return parse(this.get(name));
    } catch (cause) {
      throw invalidParameter(name, cause);
    }
  }
}

/** Matchers in the form that shards take. */
export function plainMatchers(matchers: readonly Matcher[]): PlainMatcher[] {
  return matchers.map(({ type, name, value }) => ({ type, name, value }));
}

/**
 * Runs `read`, which throws what is wrong with a selector or query.
 * @param parameter Where it stands, if the error shall say so.
 */
export function orBadData<T>(read: () => T, parameter?: string): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof PromQLSyntaxError || cause instanceof RangeError)) throw cause;
    if (parameter !== undefined) throw invalidParameter(parameter, cause);
    throw new ApiError("bad_data", cause.message, { cause });
  }
}
