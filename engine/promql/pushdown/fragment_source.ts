import type { ScannedSeries } from "../../tsdb/scanned_series.ts";
import type { SeriesColumns } from "../../tsdb/select.ts";
import type { Annotations } from "../annotations.ts";
import type { Binary, Call, MatrixSelector, VectorSelector } from "../ast.ts";
import type { FunctionCall, FunctionImplementation } from "../functions/registry.ts";
import { FUNCTIONS } from "../functions/table.ts";
import type { Columns } from "../operators/aggregate.ts";
import { NewestSamples, referenceTimes } from "../operators/instant_selector.ts";
import { changesIdentity, ScalarOperation } from "../operators/scalar_operation.ts";
import { windowCutter } from "../operators/range_windows.ts";
import { type Checkpoint, evaluateBySlices } from "../operators/step_slices.ts";
import { fixedTime } from "../plan.ts";
import type { SampleAccount } from "../sample_account.ts";
import { withoutBuckets, withoutGaps } from "../selected_samples.ts";
import { FLOAT, hasSamples, type InstantSeries, NONE, type Value, type Vector } from "../value.ts";
import { BucketFamilies, type BucketFamily } from "./bucket_families.ts";
import type { Fragment, SeriesExpr } from "./fragment.ts";

/** A series is of a kind whose results cannot be put together. */
export class UnsupportedSeries extends Error {}

/** Fills the columns, which are empty, with what a series has; whether it has any sample. */
export type Fill = (series: ScannedSeries, out: InstantSeries) => boolean | Promise<boolean>;

/** What a fragment has a result of. */
export type SourceSeries = ScannedSeries | BucketFamily;

/** The classic histograms that series make up. Those series have no result of their own. */
export interface ClassicSource {
  readonly families: BucketFamilies;
  /** As `Fill`, after the last series. */
  fill(family: BucketFamily, out: InstantSeries): boolean;
}

/** What a fragment gives for each of its series, or aggregates. */
export interface FragmentSource {
  readonly selector: VectorSelector;
  /** First and last time in ms of samples that are needed, both inclusive. */
  readonly startMs: number;
  readonly endMs: number;
  readonly fill: Fill;
  readonly classic?: ClassicSource;
  /** Whether results are without the metric's name. */
  readonly dropsName: boolean;
  /** Whether something evaluates series that have lost their name. */
  readonly needsOneName: boolean;
  /** Remarks on all series together; to be called after the last of them. */
  finish?(): void;
}

/** What evaluation notes, and is controlled by. */
export interface SourceContext extends Checkpoint {
  readonly fragment: Fragment;
  readonly annotations: Annotations;
  readonly account: SampleAccount;
}

/** @param depth Of how many calls and operators of the fragment `expr` is the operand. */
export function fragmentSource(expr: SeriesExpr, context: SourceContext, depth = 0): FragmentSource {
  switch (expr.kind) {
    case "vectorSelector":
      return selectorSource(expr, context);
    case "binary":
      return operatorSource(expr, context, depth);
    case "call":
      return FUNCTIONS[expr.func.name]!.kind === "vector"
        ? histogramCallSource(expr, context, depth)
        : rangeCallSource(expr, context, context.fragment.scalars[depth]!);
  }
}

function selectorSource(selector: VectorSelector, { fragment, account }: SourceContext): FragmentSource {
  const { steps, lookbackDeltaMs, quantity } = fragment;
  const at = referenceTimes(steps, selector.offsetMs, fixedTime(selector));
  const newest = new NewestSamples(at, lookbackDeltaMs);
  return {
    selector,
    startMs: at[0]! - lookbackDeltaMs + 1,
    endMs: at[at.length - 1]!,
    fill: (series, out) => {
      const samples = samplesOf(series, fragment);
      const found = quantity === "values"
        ? newest.fill(samples, out)
        : newest.fillTimes(samples, quantity, out);
      if (found > 0) account.lookAt(out, found);
      return found > 0;
    },
    dropsName: quantity !== "values",
    needsOneName: false,
  };
}

function rangeCallSource(
  call: Call,
  context: SourceContext,
  scalars: Fragment["scalars"][number],
): FragmentSource {
  const { fragment, account } = context;
  const { steps, lookbackDeltaMs, useStartTimestamps } = fragment;
  const place = call.args.findIndex(({ kind }) => kind === "matrixSelector");
  const range = call.args[place] as MatrixSelector;
  const { selector, rangeMs } = range;
  const implementation = FUNCTIONS[call.func.name] as Extract<FunctionImplementation, { kind: "range" }>;
  const endsMs = referenceTimes(steps, selector.offsetMs, fixedTime(selector));
  const cutter = windowCutter(range, endsMs, lookbackDeltaMs);
  const argument: Value = { type: "matrix", range: { series: [], rangeMs, endsMs } };
  const functionCall = callOf(call, place, argument, scalars, context);
  return {
    selector,
    startMs: endsMs[0]! - cutter.beforeMs + 1,
    endMs: endsMs[endsMs.length - 1]! + cutter.afterMs,
    fill: (series, out) => {
      const windows = cutter.cut(withoutGaps(samplesOf(series, fragment), useStartTimestamps), false);
      if (windows.floats === undefined && windows.histograms === undefined) return false;
      account.lookThrough(windows, true);
      const running = evaluateBySlices(implementation, windows, out, functionCall, context);
      return running === undefined ? hasSamples(out) : running.then(() => hasSamples(out));
    },
    dropsName: implementation.keepsName !== true,
    needsOneName: false,
  };
}

/** A function of the histograms that a selector or a function over a range gives. */
function histogramCallSource(call: Call, context: SourceContext, depth: number): FragmentSource {
  const { steps } = context.fragment, scalars = context.fragment.scalars[depth]!;
  const place = scalars.indexOf(undefined);
  const inner = fragmentSource(call.args[place] as SeriesExpr, context, depth + 1);
  const implementation = FUNCTIONS[call.func.name] as Extract<FunctionImplementation, { kind: "vector" }>;
  const callWith = (series: InstantSeries[]): Vector => {
    const result = implementation.evaluate(callOf(call, place, { type: "vector", series }, scalars, context));
    // Nothing to wait for, as its calls are without checkpoints.
    if (result instanceof Promise) throw new TypeError(`BUG: ${call.func.name}() waits in a fragment`);
    return result;
  };
  callWith([]); // for its remarks on the other arguments
  const values = new Float64Array(steps.count), present = new Uint8Array(steps.count);
  const ofBuckets = implementation.ofBuckets?.(
    callOf(call, place, { type: "vector", series: [] }, scalars, context),
  );
  const families = new BucketFamilies(steps.count, context.account);
  const evaluate = (series: ScannedSeries, histograms: InstantSeries, out: InstantSeries): boolean => {
    if (ofBuckets !== undefined) {
      if (histograms.histograms === undefined) {
        if (!families.add(series, histograms)) ofBuckets.remarkBadLabel(series.labels);
        return false;
      }
      if (present.includes(FLOAT)) throw new UnsupportedSeries();
      families.addNative(series.labels);
    }
    const [result] = callWith([histograms]);
    if (result === undefined) return false;
    out.values.set(result.values);
    out.present.set(result.present);
    return hasSamples(out);
  };
  return {
    ...inner,
    fill: (series, out) => {
      present.fill(NONE);
      const histograms = new ScannedColumns(series, { values, present });
      const filled = inner.fill(series, histograms);
      if (typeof filled !== "boolean") return filled.then((has) => has && evaluate(series, histograms, out));
      return filled && evaluate(series, histograms, out);
    },
    classic: ofBuckets && {
      families,
      fill: (family, out) => {
        ofBuckets.evaluate(families.bucketsOf(family), family.labels, out);
        return hasSamples(out);
      },
    },
    dropsName: true,
    needsOneName: inner.dropsName,
  };
}

/** An operator between what another source gives and a scalar. */
function operatorSource(expr: Binary, context: SourceContext, depth: number): FragmentSource {
  const [lhs, rhs] = context.fragment.scalars[depth]!;
  const inner = fragmentSource((lhs === undefined ? expr.lhs : expr.rhs) as SeriesExpr, context, depth + 1);
  const operation = new ScalarOperation(expr, (lhs ?? rhs)!, lhs !== undefined);
  const operate = (out: InstantSeries): boolean => {
    operation.apply(out, out);
    return hasSamples(out);
  };
  return {
    ...inner,
    fill: (series, out) => {
      const filled = inner.fill(series, out);
      if (typeof filled !== "boolean") return filled.then((has) => has && operate(out));
      return filled && operate(out);
    },
    classic: inner.classic && {
      families: inner.classic.families,
      fill: (family, out) => inner.classic!.fill(family, out) && operate(out),
    },
    dropsName: inner.dropsName || changesIdentity(expr),
    needsOneName: inner.needsOneName || inner.dropsName,
    finish: () => {
      inner.finish?.();
      operation.report(context.annotations);
    },
  };
}

function callOf(
  node: Call,
  place: number,
  argument: Value,
  scalars: Fragment["scalars"][number],
  { annotations, fragment }: SourceContext,
): FunctionCall {
  const { steps, lookbackDeltaMs, query, typeAndUnitLabels, delayedNameRemoval } = fragment;
  const unused = () => {
    throw new TypeError(`BUG: ${node.func.name}() selects series of its own`);
  };
  return {
    node,
    args: node.args.map((_, i) => i === place ? argument : { type: "scalar", values: scalars[i]! }),
    steps,
    annotations,
    delayedNameRemoval,
    typeAndUnitLabels,
    query,
    lookbackDeltaMs,
    select: unused,
    sampleAt: unused,
  };
}

function samplesOf(series: ScannedSeries, { statisticsOnly }: Fragment): SeriesColumns {
  return statisticsOnly ? withoutBuckets(series) : series;
}

/** The columns of a series that is being evaluated. */
export class ScannedColumns implements InstantSeries {
  readonly dropName = false;
  readonly values: Float64Array;
  readonly present: Uint8Array;
  histograms: InstantSeries["histograms"];
  readonly #series: SourceSeries;

  constructor(series: SourceSeries, { values, present }: Columns) {
    this.#series = series;
    this.values = values;
    this.present = present;
  }

  get labels(): InstantSeries["labels"] {
    return this.#series.labels;
  }
}
