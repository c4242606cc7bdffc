import { METRIC_NAME } from "../../labels/labels.ts";
import { Matcher } from "../../labels/matcher.ts";
import type { Scannable, ScannedSeries } from "../../tsdb/scanned_series.ts";
import { Annotations } from "../annotations.ts";
import { isReduction } from "../operators/aggregate.ts";
import { plainQueryError, QueryTimeoutError } from "../query_errors.ts";
import { bytesOf, SampleAccount } from "../sample_account.ts";
import type { Fragment, FragmentResult, SeriesExpr } from "./fragment.ts";
import {
  type ClassicSource,
  fragmentSource,
  type SourceContext,
  UnsupportedSeries,
} from "./fragment_source.ts";
import { RankingSink } from "./ranking_sink.ts";
import { GroupSink, RowSink, type Sink } from "./sinks.ts";
import { Slabs } from "./slabs.ts";

/** How long evaluation may keep the thread to itself, in ms. */
const SLICE_MS = 10;

export interface FragmentContext {
  /** A clock in ms, of any origin. */
  now(): number;
  /** Lets other work of this thread run. */
  pause(): Promise<void>;
  readonly signal?: AbortSignal;
}

/** Evaluates a fragment over the series of `source`, one after the other. */
export async function evaluateFragment(
  source: Scannable,
  fragment: Fragment,
  context: FragmentContext,
): Promise<FragmentResult> {
  try {
    return await new FragmentRun(fragment, context).evaluate(source);
  } catch (error) {
    if (error instanceof UnsupportedSeries) return { kind: "unsupported" };
    const plain = plainQueryError(error);
    if (plain === undefined) throw error;
    return { kind: "failed", error: plain };
  }
}

class FragmentRun implements SourceContext {
  readonly #context: FragmentContext;
  readonly annotations = new Annotations();
  readonly account: SampleAccount;
  readonly #identities: number[] = [];
  #name: string | undefined;
  #hasNames = false;
  readonly #deadlineMs: number;
  #sliceEndMs: number;

  constructor(readonly fragment: Fragment, context: FragmentContext) {
    this.#context = context;
    const { limits, steps, perStepStats, countedSteps } = fragment;
    this.account = new SampleAccount(limits, steps, perStepStats, countedSteps);
    const nowMs = context.now();
    this.#deadlineMs = nowMs + fragment.timeoutMs;
    this.#sliceEndMs = nowMs + SLICE_MS;
  }

  async evaluate(source: Scannable): Promise<FragmentResult> {
    const { expr } = this.fragment;
    const isAggregation = expr.kind === "aggregation";
    const evaluated = fragmentSource((isAggregation ? expr.expr : expr) as SeriesExpr, this);
    const { selector, startMs, endMs, fill, classic, dropsName, finish } = evaluated;
    const sink = this.#sink(dropsName);
    const needsOneName = evaluated.needsOneName || (dropsName && isAggregation);
    let read = 0;
    await source.scan({
      matchers: selector.matchers.map(({ type, name, value }) => new Matcher(type, name, value)),
      startMs,
      endMs,
      signal: this.#context.signal,
    }, (series) => {
      this.#note(series, needsOneName);
      this.account.holds(sink.bytes + bytesOf(series) + (classic?.families.bytes ?? 0));
      const columns = sink.columnsFor(series);
      const filled = fill(series, columns);
      if (typeof filled !== "boolean") {
        return filled.then((has) => has ? sink.keep(series, columns) : undefined);
      }
      if (filled) sink.keep(series, columns);
      return (++read & 15) === 0 ? this.checkpoint() : undefined;
    });
    if (classic !== undefined) await this.#readFamilies(classic, sink);
    this.account.holds(sink.bytes);
    const kept = await sink.finish(this);
    this.#check(this.now());
    finish?.();
    return {
      kind: "rows",
      ...kept,
      identities: Float64Array.from(this.#identities).sort(),
      name: this.#name,
      annotations: this.annotations.list(),
      counts: this.account.counts,
    };
  }

  async #readFamilies({ families, fill }: ClassicSource, sink: Sink): Promise<void> {
    for (const family of families.all) {
      this.account.holds(sink.bytes + families.bytes);
      const columns = sink.columnsFor(family);
      if (fill(family, columns)) sink.keep(family, columns);
      const pause = this.checkpoint();
      if (pause !== undefined) await pause;
    }
    families.release();
    const identities = families.identities();
    // A classic and a native histogram of the same labels know of each other's steps where all samples are.
    if (new Set(identities).size < identities.length) throw new UnsupportedSeries();
    for (const identity of identities) this.#identities.push(identity);
  }

  #sink(dropsName: boolean): Sink {
    const { fragment, account } = this, { expr, steps } = fragment;
    if (expr.kind === "aggregation" && isReduction(expr.op)) {
      return new GroupSink(expr, dropsName, new Slabs(steps.count, 64), account, fragment);
    }
    const slabs = new Slabs(steps.count, 1 << 16);
    return expr.kind === "aggregation"
      ? new RankingSink(expr, dropsName, slabs, account, fragment)
      : new RowSink(slabs, account, fragment);
  }

  /** Notes which series was read. @throws {UnsupportedSeries} */
  #note(series: ScannedSeries, needsOneName: boolean): void {
    const name = series.get(METRIC_NAME);
    if (!this.#hasNames) this.#name = name;
    else if (this.#name !== name) this.#name = undefined;
    this.#hasNames = true;
    // Series that are told apart by what is dropped: that is for one to see who has all of them.
    if (
      needsOneName && (this.#name === undefined || series.get("__type__") + series.get("__unit__") !== "")
    ) {
      throw new UnsupportedSeries();
    }
    this.account.addSeries(1);
    this.#identities.push(series.identity());
  }

  now(): number {
    return this.#context.now();
  }

  checkpoint(): Promise<void> | undefined {
    const nowMs = this.now();
    if (nowMs < this.#sliceEndMs) return undefined;
    this.#check(nowMs);
    return this.#context.pause().then(() => {
      const resumedMs = this.now();
      this.#sliceEndMs = resumedMs + SLICE_MS;
      this.#check(resumedMs);
    });
  }

  #check(nowMs: number): void {
    if (nowMs > this.#deadlineMs) throw new QueryTimeoutError("expression evaluation");
    this.#context.signal?.throwIfAborted();
  }
}
