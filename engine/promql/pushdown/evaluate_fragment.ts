import { METRIC_NAME } from "../../labels/labels.ts";
import { Matcher } from "../../labels/matcher.ts";
import type { Scannable, ScannedSeries } from "../../tsdb/scanned_series.ts";
import { Annotations } from "../annotations.ts";
import type { Aggregation, Call, MatrixSelector, VectorSelector } from "../ast.ts";
import { FUNCTIONS } from "../functions/table.ts";
import type { FunctionCall, FunctionImplementation } from "../functions/registry.ts";
import { type Columns, REDUCERS, type Reduction, type ScratchColumns } from "../operators/aggregate.ts";
import { keyBy } from "../operators/grouping.ts";
import { NewestSamples, referenceTimes } from "../operators/instant_selector.ts";
import { windowCutter } from "../operators/range_windows.ts";
import { type Checkpoint, evaluateBySlices } from "../operators/step_slices.ts";
import { fixedTime } from "../plan.ts";
import { plainQueryError, QueryTimeoutError } from "../query_errors.ts";
import { SampleAccount } from "../sample_account.ts";
import { withoutGaps } from "../selected_samples.ts";
import { hasSamples, type InstantSeries, METADATA_LABELS, NONE } from "../value.ts";
import type { Fragment, FragmentResult } from "./fragment.ts";
import { LabelPacker } from "./packed_labels.ts";
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

/** A series is of a kind whose partial results cannot be put together. */
class UnsupportedSeries extends Error {}

/** Fills the columns, which are empty, with what a series has; whether it has any sample. */
type Fill = (series: ScannedSeries, out: InstantSeries) => boolean | Promise<boolean>;

/** Takes one series, whose columns are valid until then; a promise where that takes a while. */
type Take = (series: ScannedSeries) => Promise<void> | undefined;

function whenFilled(filled: boolean | Promise<boolean>, keep: () => void): Promise<void> | undefined {
  if (typeof filled !== "boolean") return filled.then((has) => has ? keep() : undefined);
  if (filled) keep();
  return undefined;
}

class FragmentRun implements Checkpoint {
  readonly #fragment: Fragment;
  readonly #context: FragmentContext;
  readonly #annotations = new Annotations();
  readonly #account: SampleAccount;
  readonly #identities: number[] = [];
  #name: string | undefined;
  #hasNames = false;
  readonly #deadlineMs: number;
  #sliceEndMs: number;

  constructor(fragment: Fragment, context: FragmentContext) {
    this.#fragment = fragment;
    this.#context = context;
    this.#account = new SampleAccount(fragment.limits, fragment.querySteps, fragment.perStepStats);
    const nowMs = context.now();
    this.#deadlineMs = nowMs + fragment.timeoutMs;
    this.#sliceEndMs = nowMs + SLICE_MS;
  }

  async evaluate(source: Scannable): Promise<FragmentResult> {
    const { expr, steps } = this.#fragment;
    const inner = expr.kind === "aggregation" ? expr.expr : expr;
    const { selector, fill, startMs, endMs, dropsName } = inner.kind === "call"
      ? this.#rangeCall(inner)
      : this.#instant(inner as VectorSelector);
    const labels = new LabelPacker();
    const slabs = new Slabs(steps.count, expr.kind === "aggregation" ? 64 : 1 << 16);
    const take = expr.kind === "aggregation"
      ? this.#reducer(expr, dropsName, fill, labels, slabs)
      : this.#collector(fill, labels, slabs);
    let read = 0;
    await source.scan({
      matchers: selector.matchers.map(({ type, name, value }) => new Matcher(type, name, value)),
      startMs,
      endMs,
      signal: this.#context.signal,
    }, (series) => {
      this.#note(series, dropsName && expr.kind === "aggregation");
      const taking = take(series);
      if (taking !== undefined) return taking;
      return (++read & 15) === 0 ? this.checkpoint() : undefined;
    });
    this.#check(this.now());
    return {
      kind: "rows",
      labels: labels.finish(),
      rows: slabs.finish(),
      identities: Float64Array.from(this.#identities).sort(),
      name: this.#name,
      annotations: this.#annotations.list(),
      counts: this.#account.counts,
    };
  }

  /** Notes which series was read. @throws {UnsupportedSeries} */
  #note(series: ScannedSeries, needsOneName: boolean): void {
    if (series.histograms !== undefined) throw new UnsupportedSeries();
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
    this.#account.addSeries(1);
    this.#identities.push(series.identity());
  }

  #instant(selector: VectorSelector) {
    const { steps, lookbackDeltaMs, quantity } = this.#fragment;
    const at = referenceTimes(steps, selector.offsetMs, fixedTime(selector));
    const newest = new NewestSamples(at, lookbackDeltaMs);
    const fill: Fill = (series, out) => {
      const found = quantity === "values"
        ? newest.fill(series, out)
        : newest.fillTimes(series, quantity, out);
      if (found > 0) this.#account.lookAt(out, found, steps);
      return found > 0;
    };
    const startMs = at[0]! - lookbackDeltaMs + 1, endMs = at[at.length - 1]!;
    return { selector, fill, startMs, endMs, dropsName: false };
  }

  #rangeCall(call: Call) {
    const { steps, lookbackDeltaMs, scalars, query, typeAndUnitLabels, useStartTimestamps } = this.#fragment;
    const place = call.args.findIndex(({ kind }) => kind === "matrixSelector");
    const range = call.args[place] as MatrixSelector;
    const { selector, rangeMs } = range;
    const implementation = FUNCTIONS[call.func.name] as Extract<FunctionImplementation, { kind: "range" }>;
    const endsMs = referenceTimes(steps, selector.offsetMs, fixedTime(selector));
    const cutter = windowCutter(range, endsMs, lookbackDeltaMs);
    const unused = () => {
      throw new TypeError(`BUG: ${call.func.name}() selects series of its own`);
    };
    const functionCall: FunctionCall = {
      node: call,
      args: call.args.map((_, i) =>
        i === place
          ? { type: "matrix", range: { series: [], rangeMs, endsMs } }
          : { type: "scalar", values: scalars[i]! }
      ),
      steps,
      annotations: this.#annotations,
      delayedNameRemoval: false,
      typeAndUnitLabels,
      query,
      lookbackDeltaMs,
      select: unused,
      sampleAt: unused,
    };
    const fill: Fill = (series, out) => {
      const windows = cutter.cut(withoutGaps(series, useStartTimestamps), false);
      if (windows.floats === undefined) return false;
      this.#account.lookThrough([windows], steps, true);
      const running = evaluateBySlices(implementation, windows, out, functionCall, this);
      return running === undefined ? hasSamples(out) : running.then(() => hasSamples(out));
    };
    return {
      selector,
      fill,
      startMs: endsMs[0]! - cutter.beforeMs + 1,
      endMs: endsMs[endsMs.length - 1]! + cutter.afterMs,
      dropsName: implementation.keepsName !== true,
    };
  }

  /** Keeps each series as a row. */
  #collector(fill: Fill, labels: LabelPacker, slabs: Slabs): Take {
    const { count } = this.#fragment.steps;
    return (series) => {
      const columns = slabs.next();
      return whenFilled(fill(series, new ScannedColumns(series, columns)), () => {
        this.#account.reserve((slabs.keep() + 1) * count);
        labels.addSeries(series);
      });
    };
  }

  /** Keeps each group as a row. */
  #reducer(
    { op, grouping, isWithout }: Aggregation,
    dropsName: boolean,
    fill: Fill,
    labels: LabelPacker,
    slabs: Slabs,
  ): Take {
    const { count } = this.#fragment.steps;
    const groups = new Map<string, { readonly columns: Columns; readonly scratch: ScratchColumns }>();
    const reduce = REDUCERS[op as Reduction];
    const names = new Set(grouping);
    if (isWithout) {
      names.add(METRIC_NAME);
      if (dropsName) { for (const name of METADATA_LABELS) names.add(name); }
    } else if (dropsName) {
      for (const name of METADATA_LABELS) names.delete(name);
    }
    const keyOf = isWithout ? (series: ScannedSeries) => series.labels.drop(names).key() : keyBy([...names]);
    const values = new Float64Array(count), present = new Uint8Array(count);
    return (series) => {
      present.fill(NONE);
      const out = new ScannedColumns(series, { values, present });
      return whenFilled(fill(series, out), () => {
        const key = keyOf(series);
        let group = groups.get(key);
        if (group === undefined) {
          const columns = slabs.next(), row = slabs.keep();
          this.#account.reserve((row + 1) * count);
          group = { columns, scratch: slabs.scratch(row) };
          groups.set(key, group);
          labels.add(isWithout ? series.labels.drop(names) : series.labels.keep(names));
        }
        reduce(out, group.columns, group.scratch);
      });
    };
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

/** The columns of a series that is being evaluated. */
class ScannedColumns implements InstantSeries {
  readonly dropName = false;
  readonly values: Float64Array;
  readonly present: Uint8Array;
  readonly #series: ScannedSeries;

  constructor(series: ScannedSeries, { values, present }: Columns) {
    this.#series = series;
    this.values = values;
    this.present = present;
  }

  get labels(): InstantSeries["labels"] {
    return this.#series.labels;
  }
}
