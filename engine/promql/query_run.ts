import type { Labels } from "../labels/labels.ts";
import type { Queryable, SelectRequest, SeriesColumns } from "../tsdb/select.ts";
import { Annotations } from "./annotations.ts";
import { inputsOf, type PlanNode, type Selection } from "./plan.ts";
import {
  type Fragment,
  type FragmentEvaluator,
  fragmentExpr,
  fragmentInput,
  type FragmentResult,
  fragmentSelector,
  type SlabRows,
} from "./pushdown/fragment.ts";
import { releaseSlabs } from "./pushdown/slabs.ts";
import { gatherFragments } from "./pushdown/gather_fragments.ts";
import { isSplit, noteSplit } from "./pushdown/split_histograms.ts";
import { QueryCanceledError, QueryTimeoutError, StorageError } from "./query_errors.ts";
import { isTimeout } from "./query_queue.ts";
import { type SampleAccount, tooManySamples } from "./sample_account.ts";
import { SelectedSamples } from "./selected_samples.ts";
import type { InstantSeries, Steps, Vector } from "./value.ts";

/** What is fixed for one query. */
interface QueryRunOptions {
  readonly queryable: Queryable;
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
  readonly lookbackDeltaMs: number;
  readonly delayedNameRemoval: boolean;
  readonly useStartTimestamps: boolean;
  readonly typeAndUnitLabels: boolean;
  subqueryStepMs(rangeMs: number): number;
  readonly account: SampleAccount;
  /** Who evaluates parts of the query where the samples are, if anybody does. */
  readonly fragments?: FragmentEvaluator;
  /** Aborts selects, and evaluation at its next checkpoint. */
  readonly signal?: AbortSignal;
  /** A clock in ms, of any origin. */
  now(): number;
  /** When to give up, by `now`. */
  readonly deadlineMs: number;
  /** Lets other work of this thread run. */
  readonly pause?: () => Promise<void>;
}

/** How long evaluation may keep the thread to itself, in ms. */
const SLICE_MS = 20;
const SLAB_VALUES = 1 << 14;

function cellsIn({ slabs }: SlabRows): number {
  return slabs.reduce((cells, { values }) => cells + values.length, 0);
}

/** The state of one query while it is evaluated. */
export class QueryRun {
  readonly annotations = new Annotations();
  readonly #selected = new Map<Selection, SelectedSamples>();
  readonly #held: SlabRows[] = [];
  #heldCells = 0;
  #sliceEndMs: number;
  #values = new Float64Array(0);
  #present = new Uint8Array(0);
  #slabUsed = 0;

  constructor(readonly options: QueryRunOptions) {
    this.#sliceEndMs = options.now() + SLICE_MS;
  }

  /** Runs selects, at the same time, unless they were run before. */
  async load(selections: readonly Selection[]): Promise<void> {
    const missing = selections.filter((selection) => !this.#selected.has(selection));
    await Promise.all(missing.map(async (selection) => {
      const { matchers, startMs, endMs } = selection;
      const series = await this.select({ matchers, startMs, endMs });
      this.#selected.set(selection, new SelectedSamples(series, this.options.useStartTimestamps));
    }));
  }

  /** Whether `node` is to be left to who has the samples. */
  canPushDown(node: PlanNode): boolean {
    const { fragments, delayedNameRemoval, now } = this.options;
    return fragments !== undefined && fragmentSelector(node, delayedNameRemoval) !== undefined &&
      !isSplit(fragments, node, now());
  }

  /** The selects that `node` surely needs: those that are not pushed down. */
  selectionsOf(root: PlanNode): Selection[] {
    const selections = new Set<Selection>(), waiting = [root];
    for (let node; (node = waiting.pop());) {
      if (this.canPushDown(node)) continue;
      if ("selection" in node) selections.add(node.selection);
      for (const input of inputsOf(node).toReversed()) waiting.push(input);
    }
    return [...selections];
  }

  selected(selection: Selection): SelectedSamples {
    const selected = this.#selected.get(selection);
    if (selected === undefined) throw new Error("BUG: a selection was not loaded before evaluation");
    return selected;
  }

  /**
   * The value of an instant vector from whoever has the samples, where they can evaluate it.
   * @returns Undefined where the samples themselves are needed.
   */
  async pushDown(
    node: PlanNode,
    steps: Steps,
    { scalars, k }: Pick<Fragment, "scalars" | "k">,
  ): Promise<Vector | undefined> {
    const { fragments, signal, startMs, endMs, stepMs, account, now, deadlineMs } = this.options;
    if (fragments === undefined || steps.count === 0) return undefined;
    const { lookbackDeltaMs, useStartTimestamps, typeAndUnitLabels, delayedNameRemoval } = this.options;
    const input = fragmentInput(node);
    let results: FragmentResult[];
    try {
      results = await fragments.evaluateFragment({
        expr: fragmentExpr(node),
        quantity: input.kind === "select" ? input.quantity : "values",
        statisticsOnly: input.statisticsOnly,
        scalars,
        k,
        steps,
        query: { startMs, endMs, stepMs },
        lookbackDeltaMs,
        useStartTimestamps,
        typeAndUnitLabels,
        delayedNameRemoval,
        perStepStats: account.isPerStep,
        countedSteps: account.countedSteps,
        limits: account.limits,
        timeoutMs: deadlineMs - now(),
      }, signal);
    } catch (error) {
      this.check();
      throw new StorageError(error);
    }
    this.check();
    const vector = await gatherFragments(results, node, steps, this, k);
    if (vector === undefined) {
      noteSplit(fragments, node, now());
      for (const result of results) if (result.kind === "rows") releaseSlabs(result.rows);
    }
    return vector;
  }

  /** @throws {StorageError} If the select fails for another reason than the query's end. */
  async select(request: SelectRequest): Promise<SeriesColumns[]> {
    const { queryable, signal, account } = this.options;
    let series: SeriesColumns[];
    try {
      series = await queryable.select({ ...request, maxSamples: account.cellsMax, signal });
    } catch (error) {
      this.check("expanding series");
      if (error instanceof Error && error.name === "SelectSizeError") throw tooManySamples();
      throw new StorageError(error);
    }
    this.check("expanding series");
    account.load(series);
    return series;
  }

  /** @throws {QueryTimeoutError|QueryCanceledError} If the query has come to its end while `phase`. */
  check(phase = "expression evaluation"): void {
    const { signal, now, deadlineMs } = this.options;
    if (now() > deadlineMs) throw new QueryTimeoutError(phase);
    if (signal?.aborted) {
      if (isTimeout(signal.reason)) {
        throw new QueryTimeoutError(phase);
      }
      throw new QueryCanceledError(phase);
    }
  }

  /** Has the columns of slabs given back when nobody reads the query's result any more. @throws {QueryLimitError} */
  releaseLater(rows: SlabRows): void {
    this.#held.push(rows);
    this.#heldCells += cellsIn(rows);
    this.options.account.reserve(this.#heldCells);
  }

  /** How many rows of slabs are held until `release`. */
  get heldRows(): number {
    return this.#held.length;
  }

  /** Gives back what is held, but for the first `kept`. */
  release(kept = 0): void {
    for (const rows of this.#held.splice(kept)) {
      this.#heldCells -= cellsIn(rows);
      releaseSlabs(rows);
    }
  }

  now(): number {
    return this.options.now();
  }

  /**
   * To be called at least every few ms of work: ends the query where it is due, and gives a promise to wait for where
   * it is the turn of other work.
   */
  checkpoint(): Promise<void> | undefined {
    const { now, pause } = this.options;
    const nowMs = now();
    if (nowMs < this.#sliceEndMs) return undefined;
    this.check();
    this.#sliceEndMs = nowMs + SLICE_MS;
    if (pause === undefined) return undefined;
    return pause().then(() => {
      this.#sliceEndMs = now() + SLICE_MS;
      this.check();
    });
  }

  /** A series with empty columns, to be filled. Takes its columns from larger arrays, which is cheaper than own ones. */
  newSeries(labels: Labels, dropName: boolean, { count }: Steps): InstantSeries {
    if (count > SLAB_VALUES / 4) {
      return { labels, dropName, values: new Float64Array(count), present: new Uint8Array(count) };
    }
    if (this.#slabUsed + count > this.#values.length) {
      this.#values = new Float64Array(SLAB_VALUES);
      this.#present = new Uint8Array(SLAB_VALUES);
      this.#slabUsed = 0;
    }
    const from = this.#slabUsed, to = from + count;
    this.#slabUsed = to;
    return {
      labels,
      dropName,
      values: this.#values.subarray(from, to),
      present: this.#present.subarray(from, to),
    };
  }
}
