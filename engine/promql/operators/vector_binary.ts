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
import { type Element, HISTOGRAM_CELLS, operateOnElements, StepIssues } from "./element_operation.ts";
import { commonStep, crowdedSteps, endsOf, partnersAt, stepsOfAny } from "./matched_steps.ts";
import { haveOneName } from "./same_labels.ts";
import { Turns } from "./turns.ts";
import { matchingLabels, resultLabelsOf, SIGNATURE_CELLS, signatureOf } from "./vector_matching.ts";

interface VectorBinaryInput {
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
  await operation.match();
  const result: Vector = [], turns = new Turns(run);
  for await (const { many, one, present } of operation.pairs(turns)) {
    const series = operation.apply(many, one, present);
    if (hasSamples(series)) result.push(series);
    const pause = turns.after(PAIR_CELLS + cellsPerStep(many, one) * series.present.length);
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
  /** The `endsOf` the "one" side. */
  ends?: Int32Array;
  /** By step, 1 where the "one" side has anything. */
  stepsOfOne?: Uint8Array;
}

/** What it takes to build labels of a result, in entries of columns that could be worked through. */
const PAIR_CELLS = 256;

class VectorOperation {
  readonly issues = new StepIssues();
  readonly #input: VectorBinaryInput;
  readonly #resultLabels: (many: Labels, one: Labels) => Labels;
  readonly #isSwapped: boolean;
  readonly #dropsName: boolean;
  readonly #many: Vector;
  readonly #one: Vector;
  /** By series: its group. */
  readonly #groupsOfMany: MatchGroup[] = [];
  readonly #groupsOfOne: MatchGroup[] = [];
  readonly #matching;
  #stepsOfMany: Uint8Array | undefined;

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

  /** Puts what may match into groups. @throws {ExecutionError} If matches are not unique at some step. */
  async match(): Promise<void> {
    const signature = signatureOf(this.#matching), turns = new Turns(this.#input.run);
    const groups = new Map<string, MatchGroup>();
    const put = async (vector: Vector, side: "many" | "one", groupOf: MatchGroup[]) => {
      for (const series of vector) {
        const key = signature(series.labels);
        let group = groups.get(key);
        if (group === undefined) groups.set(key, group = { many: [], one: [] });
        group[side].push(series);
        groupOf.push(group);
        const pause = turns.after(SIGNATURE_CELLS);
        if (pause !== undefined) await pause;
      }
    };
    await put(this.#one, "one", this.#groupsOfOne);
    await put(this.#many, "many", this.#groupsOfMany);
    for (const group of groups.values()) {
      if (group.one.length > 1) await this.#checkOneSide(group.one, turns);
      if (group.many.length > 1) await this.#checkManySide(group, turns);
      const pause = turns.after(1);
      if (pause !== undefined) await pause;
    }
  }

  async *pairs(turns: Turns): AsyncGenerator<Pair> {
    // As upstream does, the value of fill_right stands in for the "one" side even where that is the left one.
    const { lhs: fillMany, rhs: fillOne } = this.#matching.fill;
    for (let i = 0; i < this.#many.length; i++) {
      const many = this.#many[i]!, group = this.#groupsOfMany[i]!;
      if (group.one.length === 1) yield { many, one: group.one[0]! };
      else if (group.one.length > 1) yield* this.#pairsOf(many, group, turns);
      if (fillOne !== null) {
        group.stepsOfOne ??= await stepsOfAny(group.one, turns, many.present.length);
        const present = withoutSteps(many.present, group.stepsOfOne);
        yield { many, one: this.#filled(matchingLabels(many.labels, this.#matching), fillOne), present };
      }
    }
    if (fillMany === null) return;
    for (let i = 0; i < this.#one.length; i++) {
      const one = this.#one[i]!;
      const present = await this.#withoutMatches(one, this.#groupsOfOne[i]!.many, turns);
      yield { many: this.#filled(matchingLabels(one.labels, this.#matching), fillMany), one, present };
    }
  }

  /** Leaves out series that end before the other one begins, as many do that follow each other in a group. */
  async *#pairsOf(many: InstantSeries, group: MatchGroup, turns: Turns): AsyncGenerator<Pair> {
    const pause = turns.after(group.one.length + many.present.length);
    if (pause !== undefined) await pause;
    const ends = group.ends ??= endsOf(group.one), [first, last] = endsOf([many]);
    for (let i = 0; i < group.one.length; i++) {
      if (ends[2 * i]! <= last! && first! <= ends[2 * i + 1]!) yield { many, one: group.one[i]! };
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

  async #checkManySide({ many, one }: MatchGroup, turns: Turns): Promise<void> {
    const fillOne = this.#matching.fill.rhs;
    if (one.length === 0 && fillOne === null) return;
    if (this.#matching.card === "one-to-one") {
      const crowded = await crowdedSteps(many, turns);
      if (crowded === undefined) return;
      const isMatched = this.#matchOf(one, await partnersAt(one, turns, crowded.length));
      if (await commonStep(many, crowded, isMatched, turns) !== undefined) {
        throw new ExecutionError(
          "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
        );
      }
      return;
    }
    // Only included labels, or dropped names, can make two results of a group the same.
    if (this.#matching.include.length === 0 && (!this.#dropsName || haveOneName(many))) return;
    const partners = await partnersAt(one, turns, many[0]!.present.length);
    for (const partner of new Set(partners)) {
      if (partner < one.length || fillOne !== null) {
        await this.#checkResults({ many, one }, partners, partner, turns);
      }
    }
  }

  /** @param partner What is matched: an index of `one`, or its length for what stands in for a missing element. */
  async #checkResults(
    { many, one }: MatchGroup,
    partners: Uint32Array,
    partner: number,
    turns: Turns,
  ): Promise<void> {
    // What stands in has the matching labels only.
    const oneLabels = one[partner]?.labels ?? matchingLabels(many[0]!.labels, this.#matching);
    const byResult = new Map<string, InstantSeries[]>();
    for (const series of many) {
      const key = this.#resultLabels(series.labels, oneLabels).key();
      const same = byResult.get(key);
      if (same === undefined) byResult.set(key, [series]);
      else same.push(series);
      const pause = turns.after(SIGNATURE_CELLS);
      if (pause !== undefined) await pause;
    }
    if (byResult.size === many.length) return;
    const isMatched = this.#matchOf(one, partners);
    const isMatchedHere = (step: number, element: InstantSeries) =>
      partners[step] === partner && isMatched(step, element);
    for (const same of byResult.values()) {
      const crowded = same.length > 1 ? await crowdedSteps(same, turns) : undefined;
      if (crowded !== undefined && await commonStep(same, crowded, isMatchedHere, turns) !== undefined) {
        throw new ExecutionError(
          "multiple matches for labels: grouping labels must ensure unique matches",
        );
      }
    }
  }

  /** Whether an element of the "many" side makes a result with what is its partner at a step. */
  #matchOf(
    one: readonly InstantSeries[],
    partners: Uint32Array,
  ): (step: number, element: InstantSeries) => boolean {
    const fillOne = this.#matching.fill.rhs;
    return (step, element) => {
      const partner = one[partners[step]!];
      const other = partner === undefined ? fillOne : elementOf(partner, step);
      return other !== null && this.#hasResult(elementOf(element, step), other);
    };
  }

  /** The steps of `one` where it makes a result with none of `many`. */
  async #withoutMatches(one: InstantSeries, many: Vector, turns: Turns): Promise<Uint8Array> {
    const rest = one.present.slice();
    for (const other of many) {
      for (let step = 0; step < rest.length; step++) {
        if (rest[step] === NONE || other.present[step] === NONE) continue;
        if (this.#hasResult(elementOf(other, step), elementOf(one, step))) rest[step] = NONE;
      }
      const pause = turns.after(cellsPerStep(other, one) * rest.length);
      if (pause !== undefined) await pause;
    }
    return rest;
  }

  /** Whether two elements are of types that the operator takes: others do not count as a match. */
  #hasResult(many: Element, one: Element): boolean {
    const { op } = this.#input.expr;
    if (typeof many === "number" && typeof one === "number") return op !== "</" && op !== ">/";
    const [lhs, rhs] = this.#isSwapped ? [one, many] : [many, one];
    return operateOnElements(op, lhs, rhs).value !== undefined;
  }

  async #checkOneSide(one: readonly InstantSeries[], turns: Turns): Promise<void> {
    const { card, fill } = this.#matching;
    const crowded = await crowdedSteps(one, turns);
    if (crowded === undefined) return;
    const isFilled = fill.lhs !== null || fill.rhs !== null;
    if (!isFilled) this.#stepsOfMany ??= await stepsOfAny(this.#many, turns, crowded.length);
    const canMatch = (step: number) => isFilled || this.#stepsOfMany![step] === 1;
    const pair = await commonStep(one, crowded, canMatch, turns);
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

function cellsPerStep(a: InstantSeries, b: InstantSeries): number {
  return a.histograms === undefined && b.histograms === undefined ? 1 : HISTOGRAM_CELLS;
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

/** `present` without the steps at which there is something else. */
function withoutSteps(present: Uint8Array, others: Uint8Array): Uint8Array {
  const rest = present.slice();
  for (let step = 0; step < rest.length; step++) if (others[step] !== NONE) rest[step] = NONE;
  return rest;
}
