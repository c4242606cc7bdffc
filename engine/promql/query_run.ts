import type { Labels } from "../labels/labels.ts";
import type { Queryable, SelectRequest, SeriesColumns } from "../tsdb/select.ts";
import { Annotations } from "./annotations.ts";
import type { Selection } from "./plan.ts";
import { QueryCanceledError, QueryTimeoutError, StorageError } from "./query_errors.ts";
import { isTimeout } from "./query_queue.ts";
import type { SampleAccount } from "./sample_account.ts";
import { SelectedSamples } from "./selected_samples.ts";
import type { InstantSeries, Steps } from "./value.ts";

/** What is fixed for one query. */
export interface QueryRunOptions {
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

/** The state of one query while it is evaluated. */
export class QueryRun {
  readonly annotations = new Annotations();
  readonly #selected = new Map<Selection, SelectedSamples>();
  #sliceEndMs: number;
  #values = new Float64Array(0);
  #present = new Uint8Array(0);
  #slabUsed = 0;

  constructor(readonly options: QueryRunOptions) {
    this.#sliceEndMs = options.now() + SLICE_MS;
  }

  /** Runs all selects of a plan, at the same time. */
  async load(selections: readonly Selection[]): Promise<void> {
    await Promise.all(selections.map(async (selection) => {
      const { matchers, startMs, endMs, hints } = selection;
      const series = await this.select({ matchers, startMs, endMs, hints });
      this.#selected.set(selection, new SelectedSamples(series, this.options.useStartTimestamps));
    }));
  }

  selected(selection: Selection): SelectedSamples {
    const selected = this.#selected.get(selection);
    if (selected === undefined) throw new Error("BUG: a selection was not loaded before evaluation");
    return selected;
  }

  /** @throws {StorageError} If the select fails for another reason than the query's end. */
  async select(request: SelectRequest): Promise<SeriesColumns[]> {
    const { queryable, signal, account } = this.options;
    let series: SeriesColumns[];
    try {
      series = await queryable.select({ ...request, signal });
    } catch (error) {
      this.check("expanding series");
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
