import type { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { toTestExpression } from "../../test_expression.ts";
import { compareLabels, type Labels } from "../../../engine/labels/labels.ts";
import type { QueryResult, QueryValue } from "../../../engine/promql/query_result.ts";
import { FLOAT, HISTOGRAM } from "../../../engine/promql/value.ts";
import { almostEqual, histogramsMatch } from "./histogram_match.ts";
import type { EvalCommand, MessagePattern } from "./script.ts";
import type { SequenceValue } from "./series_values.ts";

/** A result that is not what a script says. */
export class ExpectationError extends Error {
  override readonly name = "ExpectationError";
}

/** One sample of a result. */
export type Found = number | FloatHistogram;

/** One series of a result with its samples by time. */
interface FoundSeries {
  readonly labels: Labels;
  readonly samples: ReadonlyMap<number, Found>;
}

/** @throws {ExpectationError} If warnings and infos are not as expected. */
export function checkAnnotations({ expectations }: EvalCommand, { warnings, infos }: QueryResult): void {
  if (expectations.noWarning && warnings.length > 0) fail(`unexpected warnings: ${warnings.join("; ")}`);
  if (expectations.noInfo && infos.length > 0) fail(`unexpected infos: ${infos.join("; ")}`);
  checkMessages("warning", expectations.warning, warnings);
  checkMessages("info", expectations.info, infos);
}

function checkMessages(kind: string, expected: readonly MessagePattern[], found: readonly string[]): void {
  if (expected.length === 0) return;
  if (found.length === 0) fail(`expected a ${kind}, found none`);
  const all = found.join("; ");
  if (!expected.every((matches) => found.some(matches))) fail(`no ${kind} is as expected: ${all}`);
  if (!found.every((message) => expected.some((matches) => matches(message)))) {
    fail(`some ${kind} is unexpected: ${all}`);
  }
}

/** @throws {ExpectationError} If the error is not the expected one. */
export function checkFailure({ expectations }: EvalCommand, error: Error): void {
  if (expectations.fail === undefined) throw error;
  if (!expectations.fail(error.message)) fail(`failed with another error: ${error.message}`);
}

/** @throws {ExpectationError} If the value is not the expected one. */
export function checkValue(command: EvalCommand, value: QueryValue): void {
  switch (value.type) {
    case "scalar":
      return checkScalar(command, value.value);
    case "string":
      if (value.text !== command.text) {
        fail(`expected string ${JSON.stringify(command.text)}, found ${JSON.stringify(value.text)}`);
      }
      return;
    case "vector":
      return checkVector(command, vectorOf(value));
    case "matrix":
      return checkMatrix(command, value);
  }
}

/**
 * Checks one step of a range query against what an instant query is to give.
 * @throws {ExpectationError} If it is something else.
 */
export function checkStep(
  command: EvalCommand,
  value: QueryValue,
  timeMs: number,
  isScalar: boolean,
): void {
  if (value.type !== "matrix") fail(`expected a matrix, found a ${value.type}`);
  const series = matrixOf(value);
  checkSorted(series);
  const samples = series.flatMap(({ labels, samples }) => {
    const sample = samples.get(timeMs);
    return sample === undefined ? [] : [{ labels, sample }];
  });
  if (!isScalar) return checkVector(command, samples);
  const [only] = samples;
  if (typeof only?.sample !== "number") fail("expected a scalar at each step");
  checkScalar(command, only.sample);
}

function checkScalar({ scalar }: EvalCommand, found: number): void {
  if (scalar === undefined) fail(`expected a vector or matrix, found scalar ${found}`);
  if (!almostEqual(scalar, found)) fail(`expected scalar ${scalar}, found ${found}`);
}

export function vectorOf({ series }: QueryValue & { type: "vector" }): { labels: Labels; sample: Found }[] {
  return series.map(({ labels, values, present, histograms }) => {
    if (present[0] === HISTOGRAM) return { labels, sample: histograms![0]! };
    if (present[0] !== FLOAT) fail(`series ${labels} of a vector has no sample`);
    return { labels, sample: values[0] };
  });
}

function checkVector(
  { series, scalar, expectations }: EvalCommand,
  found: readonly { labels: Labels; sample: Found }[],
): void {
  if (scalar !== undefined) fail(`expected scalar ${scalar}, found a vector of ${found.length} elements`);
  const expected = new Map(
    series.map(({ labels, values }, position) => [labels.key(), { values, position }]),
  );
  for (const [position, { labels, sample }] of found.entries()) {
    const wanted = expected.get(labels.key());
    if (wanted === undefined) fail(`unexpected ${labels} ${show(sample)}`);
    if (expectations.ordered && wanted.position !== position) {
      fail(`expected ${labels} at position ${wanted.position + 1}, found it at ${position + 1}`);
    }
    // As upstream has it, an omitted value stands for 0 here.
    const [first] = wanted.values;
    checkSample(labels, first.kind === "omitted" ? { kind: "float", value: 0 } : first, sample);
  }
  checkComplete(series, found);
}

function checkMatrix(command: EvalCommand, value: QueryValue & { type: "matrix" }): void {
  const { series, scalar, expectations, startMs, endMs, stepMs } = command;
  if (expectations.ordered) fail("expected an ordered result, found a matrix");
  if (scalar !== undefined) fail("expected a scalar, found a matrix");
  const found = matrixOf(value);
  checkSorted(found);
  const expected = new Map(series.map(({ labels, values }) => [labels.key(), values]));
  for (const { labels, samples } of found) {
    const values = expected.get(labels.key());
    if (values === undefined) fail(`unexpected ${labels} ${showAll(samples)}`);
    const wanted = new Map(
      values.map((one, i) => [startMs + i * stepMs, one] as const).filter(([, one]) =>
        one.kind !== "omitted"
      ),
    );
    if (values.length > 0 && startMs + (values.length - 1) * stepMs > endMs) {
      fail(`${values.length} points of ${labels} are more than the query has steps`);
    }
    if (wanted.size !== samples.size) {
      fail(`expected ${wanted.size} points of ${labels}, found ${showAll(samples)}`);
    }
    for (const [timeMs, sample] of samples) {
      const one = wanted.get(timeMs);
      if (one === undefined) {
        fail(`expected nothing at ${timeMs} ms for ${labels}, found ${showAll(samples)}`);
      }
      checkSample(labels, one, sample, timeMs);
    }
  }
  checkComplete(series, found);
}

export function matrixOf({ series }: QueryValue & { type: "matrix" }): FoundSeries[] {
  return series.map(({ labels, times, values, present, histograms }) => {
    const samples = new Map<number, Found>();
    for (let i = 0; i < times.length; i++) {
      if (present[i] === FLOAT) samples.set(times[i], values[i]);
      if (present[i] === HISTOGRAM) samples.set(times[i], histograms![i]!);
    }
    return { labels, samples };
  });
}

function checkSorted(series: readonly FoundSeries[]): void {
  for (let i = 1; i < series.length; i++) {
    if (compareLabels(series[i - 1].labels, series[i].labels) > 0) {
      fail(`a matrix is sorted by labels: ${series[i].labels} is before ${series[i - 1].labels}`);
    }
  }
}

function checkComplete(expected: EvalCommand["series"], found: readonly { labels: Labels }[]): void {
  const keys = new Set(found.map(({ labels }) => labels.key()));
  if (keys.size < found.length) fail("a label set comes twice");
  for (const { labels } of expected) if (!keys.has(labels.key())) fail(`expected ${labels}, found nothing`);
}

function checkSample(labels: Labels, expected: SequenceValue, found: Found, timeMs?: number): void {
  const matches = expected.kind === "float"
    ? typeof found === "number" && almostEqual(expected.value, found)
    : expected.kind === "histogram" && typeof found !== "number" &&
      histogramsMatch(expected.histogram, found, expected.hintIsSet);
  if (matches) return;
  const at = timeMs === undefined ? "" : ` at ${timeMs} ms`;
  fail(`expected ${showExpected(expected)} for ${labels}${at}, found ${show(found)}`);
}

function showExpected(expected: SequenceValue): string {
  if (expected.kind === "float") return String(expected.value);
  return expected.kind === "histogram" ? toTestExpression(expected.histogram) : expected.kind;
}

export function show(sample: Found): string {
  return typeof sample === "number" ? String(sample) : toTestExpression(sample);
}

function showAll(samples: FoundSeries["samples"]): string {
  return [...samples].map(([timeMs, sample]) => `${show(sample)} @ ${timeMs}`).join(", ");
}

function fail(reason: string): never {
  throw new ExpectationError(reason);
}
