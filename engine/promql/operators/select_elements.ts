import { formatG } from "../../go_float.ts";
import { hashLabels } from "../../labels/hash.ts";
import { compareLabels } from "../../labels/labels.ts";
import { ExecutionError } from "../query_errors.ts";
import type { Aggregator } from "../token.ts";
import {
  FLOAT,
  hasSamples,
  HISTOGRAM,
  type InstantSeries,
  NONE,
  type ScalarColumn,
  type Vector,
} from "../value.ts";
import { type AggregationInput, membersOf } from "./aggregate.ts";
import { groupSeries } from "./grouping.ts";
import { Turns } from "./turns.ts";

/** An aggregator that takes the best elements of each group. */
export type Ranking = "topk" | "bottomk";

export function isRanking(op: Aggregator): op is Ranking {
  return op === "topk" || op === "bottomk";
}

/** Whether `k` lets something be selected, and is no error. */
export function selectsAny(k: ScalarColumn): boolean {
  const { min, max, hasNaN } = boundsOf(k);
  return !hasNaN && max >= 1 && min > -INT64 && max < INT64;
}

/** The largest (`topk`) or smallest (`bottomk`) k elements, or any k (`limitk`), of each group; k by step. */
export async function selectK(
  op: Ranking | "limitk",
  k: ScalarColumn,
  input: AggregationInput,
): Promise<Vector> {
  const { expr, vector, steps, run } = input;
  const { min, max, hasNaN } = boundsOf(k);
  if (max < 1) return [];
  if (hasNaN) throw new ExecutionError("Parameter value is NaN");
  if (min <= -INT64) throw new ExecutionError(`Scalar value ${formatG(min)} underflows int64`);
  if (max >= INT64) throw new ExecutionError(`Scalar value ${formatG(max)} overflows int64`);

  const members = membersOf(groupSeries(vector, expr.grouping, expr.isWithout));
  const byLabels = new Map<readonly number[], readonly number[]>();
  const inLabelOrder = (group: readonly number[]) => {
    const order = byLabels.get(group) ??
      group.toSorted((a, b) => compareLabels(vector[a]!.labels, vector[b]!.labels));
    byLabels.set(group, order);
    return order;
  };
  const kept = new KeptElements(vector);
  let ignoresHistograms = false;
  for (let step = 0; step < steps.count; step++) {
    const count = Math.min(Math.trunc(k[step]!), vector.length);
    if (count < 1) continue;
    for (const group of members) {
      if (op === "limitk") {
        let left = count;
        for (const i of group) {
          if (left === 0) break;
          if (vector[i]!.present[step] === NONE) continue;
          kept.keep(i, step);
          left--;
        }
        continue;
      }
      const pick = (order: readonly number[]) => {
        const heap = new ValueHeap(op === "bottomk");
        for (const i of order) {
          const { present, values } = vector[i]!;
          if (present[step] === FLOAT) heap.offer(i, values[step]!, count);
          else if (present[step] === HISTOGRAM) ignoresHistograms = true;
        }
        return heap.pick();
      };
      // Which of equal elements stay depends on their order, which is that of labels where upstream reads blocks.
      let picked = pick(group);
      if (picked.hasTies) picked = pick(inLabelOrder(group));
      for (const i of picked.elements) kept.keep(i, step);
    }
    const pause = run.checkpoint();
    if (pause !== undefined) await pause;
  }
  if (ignoresHistograms) run.annotations.histogramIgnoredInAggregation(op, expr.span);
  return kept.vector();
}

/** About the given share of the elements, which ones depending on their labels only; the ratio by step. */
export async function limitRatio(
  ratio: Float64Array,
  { expr, vector, steps, run }: AggregationInput,
): Promise<Vector> {
  const { min, max, hasNaN } = boundsOf(ratio);
  if (max === 0 && min === 0) return [];
  if (hasNaN) throw new ExecutionError("Ratio value is NaN");
  const { span } = expr.param!;
  if (max > 1) run.annotations.invalidRatio(max, 1, span);
  if (min < -1) run.annotations.invalidRatio(min, -1, span);
  const kept = new KeptElements(vector);
  const turns = new Turns(run);
  for (let i = 0; i < vector.length; i++) {
    const { labels, present } = vector[i]!;
    const place = Number(hashLabels(labels)) / 2 ** 64;
    for (let step = 0; step < steps.count; step++) {
      if (present[step] === NONE) continue;
      const limit = Math.max(-1, Math.min(1, ratio[step]!));
      if (limit >= 0 ? place < limit : place >= 1 + limit) kept.keep(i, step);
    }
    const pause = turns.after(steps.count + HASH_CELLS);
    if (pause !== undefined) await pause;
  }
  return kept.vector();
}

const INT64 = 2 ** 63;
/** What it takes to hash labels, in entries of columns that could be worked through. */
const HASH_CELLS = 64;

function boundsOf(column: Float64Array): { min: number; max: number; hasNaN: boolean } {
  let min = Infinity, max = -Infinity, hasNaN = false;
  for (const value of column) {
    if (Number.isNaN(value)) hasNaN = true;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min: hasNaN ? NaN : min, max: hasNaN ? NaN : max, hasNaN };
}

/** Elements of a vector that stay, in the order in which they were first kept. */
class KeptElements {
  readonly #vector: Vector;
  readonly #present = new Map<number, Uint8Array>();

  constructor(vector: Vector) {
    this.#vector = vector;
  }

  keep(i: number, step: number): void {
    let present = this.#present.get(i);
    if (present === undefined) {
      present = new Uint8Array(this.#vector[i]!.present.length);
      this.#present.set(i, present);
    }
    present[step] = this.#vector[i]!.present[step]!;
  }

  vector(): Vector {
    return [...this.#present]
      .map(([i, present]): InstantSeries => ({ ...this.#vector[i]!, present }))
      .filter(hasSamples);
  }
}

/**
 * A binary heap of the k elements that go last, the first to be replaced on top. Which of equal elements stay depends
 * on the heap's order, so it moves them as upstream's does.
 */
export class ValueHeap {
  readonly #isReverse: boolean;
  readonly #elements: number[] = [];
  readonly #values: number[] = [];
  /** The values left out that would come next: the best of them, and whether there are any. */
  #nextValue = NaN;
  #isFull = false;

  /** @param isReverse Whether the largest value is on top, rather than the smallest. */
  constructor(isReverse: boolean) {
    this.#isReverse = isReverse;
  }

  /** Whether it was taken, at least for now; what is not taken has no influence on which of the others stay. */
  offer(element: number, value: number, k: number): boolean {
    if (this.#values.length < k) {
      this.#elements.push(element);
      this.#values.push(value);
      this.#up(this.#values.length - 1);
      return true;
    }
    const top = this.#values[0]!;
    const isBetter = this.#isBetter(value, top);
    const left = isBetter ? top : value;
    if (!this.#isFull || this.#isBetter(left, this.#nextValue)) this.#nextValue = left;
    this.#isFull = true;
    if (!isBetter) return false;
    this.#elements[0] = element;
    this.#values[0] = value;
    this.#down();
    return true;
  }

  /** Whether `k` elements were taken: another one replaces the one on top. */
  isFull(k: number): boolean {
    return this.#values.length >= k;
  }

  /** The value of the element to be replaced first. */
  get top(): number {
    return this.#values[0]!;
  }

  #isBetter(a: number, b: number): boolean {
    return (this.#isReverse ? b > a : b < a) || (Number.isNaN(b) && !Number.isNaN(a));
  }

  /** The elements, best first, and whether their choice or order depended on the order in which they were offered. */
  pick(): { readonly elements: readonly number[]; readonly hasTies: boolean } {
    const order = [...this.#values.keys()];
    order.sort((a, b) => {
      const x = this.#values[a]!, y = this.#values[b]!;
      if (Number.isNaN(x) && Number.isNaN(y)) return b - a; // upstream's order has each before the other
      if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
      return this.#isReverse ? x - y : y - x;
    });
    const values = order.map((i) => this.#values[i]!);
    if (this.#isFull) values.push(this.#nextValue);
    const isSame = (a: number, b: number) => a === b || (Number.isNaN(a) && Number.isNaN(b));
    return {
      elements: order.map((i) => this.#elements[i]!),
      hasTies: values.some((value, i) => i > 0 && isSame(value, values[i - 1]!)),
    };
  }

  #isBefore(a: number, b: number): boolean {
    const x = this.#values[a]!, y = this.#values[b]!;
    if (Number.isNaN(x)) return true;
    return this.#isReverse ? x > y : x < y;
  }

  #up(at: number): void {
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(): void {
    const count = this.#values.length;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= count) return;
      const child = left + 1 < count && this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#isBefore(child, at)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #swap(a: number, b: number): void {
    [this.#elements[a], this.#elements[b]] = [this.#elements[b]!, this.#elements[a]!];
    [this.#values[a], this.#values[b]] = [this.#values[b]!, this.#values[a]!];
  }
}
