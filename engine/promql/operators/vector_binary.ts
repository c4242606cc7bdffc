import type { Labels } from "../../labels/labels.ts";
import type { Binary } from "../ast.ts";
import { changesMeaning, isComparison } from "../binary_operation.ts";
import { ExecutionError } from "../query_errors.ts";
import type { QueryRun } from "../query_run.ts";
import {
  FLOAT,
  hasSamples,
  HISTOGRAM,
  type InstantSeries,
  NONE,
  setHistogram,
  type Steps,
  type Vector,
} from "../value.ts";
import { calculateColumns, compareColumns } from "./column_operation.ts";
import { type Element, operateOnElements, StepIssues } from "./element_operation.ts";
import { haveOneName } from "./same_labels.ts";
import { matchingLabels, resultLabelsOf, signatureOf } from "./vector_matching.ts";

export interface VectorBinaryInput {
  readonly expr: Binary;
  readonly lhs: Vector;
  readonly rhs: Vector;
  readonly steps: Steps;
  readonly run: QueryRun;
}

/** An arithmetic operator, comparison or trim operator between the matching elements of two vectors. */
export async function vectorBinary(input: VectorBinaryInput): Promise<Vector> {
  const { expr, run } = input;
  const operation = new VectorOperation(input);
  const result: Vector = [];
  let done = 0;
  for (const { many, one, present } of operation.pairs()) {
    const series = operation.apply(many, one, present);
    if (hasSamples(series)) result.push(series);
    const pause = (done++ & 63) === 63 ? run.checkpoint() : undefined;
    if (pause !== undefined) await pause;
  }
  operation.issues.report(run.annotations, expr.op, expr.span);
  return result;
}

/** Series of both sides that match, `present` where both have a sample; undefined: nowhere else than those have. */
interface Pair {
  readonly many: InstantSeries;
  readonly one: InstantSeries;
  readonly present?: Uint8Array;
}

/** Series with the same signature. */
interface MatchGroup {
  readonly many: InstantSeries[];
  readonly one: InstantSeries[];
}

class VectorOperation {
  readonly issues = new StepIssues();
  readonly #input: VectorBinaryInput;
  readonly #resultLabels: (many: Labels, one: Labels) => Labels;
  readonly #isSwapped: boolean;
  readonly #dropsName: boolean;
  readonly #many: Vector;
  readonly #one: Vector;
  readonly #matching;

  constructor(input: VectorBinaryInput) {
    this.#input = input;
    const { expr: { op, returnsBool, matching }, run } = input;
    this.#matching = matching!;
    this.#isSwapped = this.#matching.card === "one-to-many";
    this.#many = this.#isSwapped ? input.rhs : input.lhs;
    this.#one = this.#isSwapped ? input.lhs : input.rhs;
    this.#dropsName = changesMeaning(op) || (returnsBool && !run.options.delayedNameRemoval);
    this.#resultLabels = resultLabelsOf(this.#matching, this.#dropsName);
  }

  /** @throws {ExecutionError} If matches are not unique at some step. */
  *pairs(): Generator<Pair> {
    // As upstream does, the value of fill_right stands in for the "one" side even where that is the left one.
    const { lhs: fillMany, rhs: fillOne } = this.#matching.fill;
    const signature = signatureOf(this.#matching);
    const groups = new Map<string, MatchGroup>();
    const groupOf = (series: InstantSeries) => {
      const key = signature(series.labels);
      let group = groups.get(key);
      if (group === undefined) groups.set(key, group = { many: [], one: [] });
      return group;
    };
    for (const series of this.#one) groupOf(series).one.push(series);
    const groupsOfMany = this.#many.map((series) => {
      const group = groupOf(series);
      group.many.push(series);
      return group;
    });
    for (const group of groups.values()) this.#checkUnique(group);

    for (let i = 0; i < this.#many.length; i++) {
      const many = this.#many[i]!, group = groupsOfMany[i]!;
      for (const one of group.one) yield { many, one };
      if (fillOne !== null) {
        const present = withoutSteps(many.present, group.one);
        yield { many, one: this.#filled(matchingLabels(many.labels, this.#matching), fillOne), present };
      }
    }
    if (fillMany === null) return;
    for (const one of this.#one) {
      const present = this.#withoutMatches(one, groupOf(one).many);
      yield { many: this.#filled(matchingLabels(one.labels, this.#matching), fillMany), one, present };
    }
  }

  apply(many: InstantSeries, one: InstantSeries, present: Uint8Array | undefined): InstantSeries {
    const { expr: { op, returnsBool }, run, steps } = this.#input;
    const lhs = this.#isSwapped ? one : many, rhs = this.#isSwapped ? many : one;
    const out = run.newSeries(this.#resultLabels(many.labels, one.labels), returnsBool, steps);
    if (lhs.histograms !== undefined || rhs.histograms !== undefined || op === "</" || op === ">/") {
      return this.#elementwise(lhs, rhs, present, out);
    }
    if (!isComparison(op)) {
      calculateColumns(op, lhs.values, rhs.values, out.values);
      intersect(lhs.present, rhs.present, present, out.present);
      return out;
    }
    if (!returnsBool) {
      compareColumns(op, lhs.values, rhs.values, out.present);
      for (let step = 0; step < steps.count; step++) {
        out.present[step]! &= lhs.present[step]! & rhs.present[step]!;
      }
      if (present !== undefined) intersect(out.present, present, undefined, out.present);
      return { ...out, values: lhs.values };
    }
    compareColumns(op, lhs.values, rhs.values, out.present);
    out.values.set(out.present);
    intersect(lhs.present, rhs.present, present, out.present);
    return out;
  }

  #elementwise(
    lhs: InstantSeries,
    rhs: InstantSeries,
    present: Uint8Array | undefined,
    out: InstantSeries,
  ): InstantSeries {
    const { expr: { op, returnsBool } } = this.#input;
    for (let step = 0; step < out.present.length; step++) {
      if (lhs.present[step] === NONE || rhs.present[step] === NONE || present?.[step] === NONE) continue;
      const { value, holds, issue } = operateOnElements(op, elementOf(lhs, step), elementOf(rhs, step));
      this.issues.note(step, issue);
      if (value === undefined || !(holds || returnsBool)) continue;
      const kept = returnsBool ? Number(holds) : value;
      if (typeof kept === "number") {
        out.values[step] = kept;
        out.present[step] = FLOAT;
      } else setHistogram(out, step, kept);
    }
    return out;
  }

  #filled(labels: Labels, value: number): InstantSeries {
    const out = this.#input.run.newSeries(labels, false, this.#input.steps);
    out.values.fill(value);
    out.present.fill(FLOAT);
    return out;
  }

  #checkUnique({ many, one }: MatchGroup): void {
    if (one.length > 1) this.#checkOneSide(one);
    const fillOne = this.#matching.fill.rhs;
    if (many.length < 2 || (one.length === 0 && fillOne === null)) return;
    if (this.#matching.card === "one-to-one") {
      const isMatched = (step: number, element: InstantSeries) => {
        const partner = one.find(({ present }) => present[step] !== NONE);
        const other = partner === undefined ? fillOne : elementOf(partner, step);
        return other !== null && this.#hasResult(elementOf(element, step), other);
      };
      if (haveCommonStep(many, isMatched)) {
        throw new ExecutionError(
          "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
        );
      }
      return;
    }
    // Only included labels, or dropped names, can make two results of a group the same.
    if (this.#matching.include.length === 0 && (!this.#dropsName || haveOneName(many))) return;
    const partners: { readonly labels: Labels; readonly series?: InstantSeries }[] = one.map((series) => ({
      labels: series.labels,
      series,
    }));
    // What stands in for a missing element has the matching labels only.
    if (fillOne !== null) partners.push({ labels: matchingLabels(many[0]!.labels, this.#matching) });
    for (const { labels: oneLabels, series } of partners) {
      const byResult = Map.groupBy(many, ({ labels }) => this.#resultLabels(labels, oneLabels).key());
      const isMatched = (step: number, element: InstantSeries) => {
        const partner = one.find(({ present }) => present[step] !== NONE);
        if (partner !== series) return false;
        const value = partner === undefined ? fillOne! : elementOf(partner, step);
        return this.#hasResult(elementOf(element, step), value);
      };
      for (const same of byResult.values()) {
        if (same.length > 1 && haveCommonStep(same, isMatched)) {
          throw new ExecutionError(
            "multiple matches for labels: grouping labels must ensure unique matches",
          );
        }
      }
    }
  }

  /** The steps of `one` where it makes a result with none of `many`. */
  #withoutMatches(one: InstantSeries, many: Vector): Uint8Array {
    return one.present.map((kind, step) =>
      kind !== NONE &&
        many.some((other) =>
          other.present[step] !== NONE && this.#hasResult(elementOf(other, step), elementOf(one, step))
        )
        ? NONE
        : kind
    );
  }

  /** Whether two elements are of types that the operator takes: others do not count as a match. */
  #hasResult(many: Element, one: Element): boolean {
    const { op } = this.#input.expr;
    if (typeof many === "number" && typeof one === "number") return op !== "</" && op !== ">/";
    const [lhs, rhs] = this.#isSwapped ? [one, many] : [many, one];
    return operateOnElements(op, lhs, rhs).value !== undefined;
  }

  #checkOneSide(one: readonly InstantSeries[]): void {
    const { card, fill } = this.#matching;
    const canMatch = (step: number) =>
      fill.lhs !== null || fill.rhs !== null || this.#many.some(({ present }) => present[step] !== NONE);
    const pair = commonStep(one, canMatch);
    if (pair === undefined) return;
    const [first, second] = pair.map((series) => series.labels.toString()).sort();
    const group = matchingLabels(one[0]!.labels, this.#matching);
    const side = card === "one-to-many" ? "left" : "right";
    throw new ExecutionError(
      `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: ` +
        `[${first}, ${second}];many-to-many matching not allowed: matching labels must be unique on one side`,
    );
  }
}

function elementOf({ present, values, histograms }: InstantSeries, step: number): Element {
  return present[step] === HISTOGRAM ? histograms![step]! : values[step]!;
}

/** Works for floats, whose presence is 1. */
function intersect(a: Uint8Array, b: Uint8Array, c: Uint8Array | undefined, out: Uint8Array): void {
  if (c === undefined) { for (let step = 0; step < out.length; step++) out[step] = a[step]! & b[step]!; }
  else {for (let step = 0; step < out.length; step++) {
      out[step] = c[step] === NONE ? NONE : a[step]! & b[step]!;
    }}
}

/** `present` without the steps at which any of `others` has a sample. */
function withoutSteps(present: Uint8Array, others: readonly InstantSeries[]): Uint8Array {
  const rest = present.slice();
  for (const other of others) {
    for (let step = 0; step < rest.length; step++) if (other.present[step] !== NONE) rest[step] = NONE;
  }
  return rest;
}

function haveCommonStep(
  series: readonly InstantSeries[],
  counts: (step: number, series: InstantSeries) => boolean,
): boolean {
  return commonStep(series, counts) !== undefined;
}

/** Two series that have a sample that counts at the same step. */
function commonStep(
  series: readonly InstantSeries[],
  counts: (step: number, series: InstantSeries) => boolean,
): [InstantSeries, InstantSeries] | undefined {
  const steps = series[0]!.present.length;
  for (let step = 0; step < steps; step++) {
    const here = series.filter((one) => one.present[step] !== NONE && counts(step, one));
    if (here.length > 1) return [here[0]!, here[1]!];
  }
  return undefined;
}
