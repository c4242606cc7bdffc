import { nameDropped } from "../functions/registry.ts";
import type { FunctionCall, FunctionImplementation } from "../functions/registry.ts";
import type { Labels } from "../../labels/labels.ts";
import type { SelectedQuantity } from "../plan.ts";
import type { QueryRun } from "../query_run.ts";
import type { SelectedSamples } from "../selected_samples.ts";
import { hasSamples, type InstantSeries, NONE, type RangeVector, type Steps, type Vector } from "../value.ts";
import { type Checkpoint, evaluateBySlices } from "./step_slices.ts";
import { NewestSamples } from "./instant_selector.ts";

export interface SeriesIdentity {
  readonly labels: Labels;
  readonly dropName: boolean;
}

/** Series that are computed one at a time, when asked for: an aggregation need not have them all in memory. */
export interface SeriesSource {
  readonly identities: readonly SeriesIdentity[];
  /** Whether results may be histograms. */
  readonly mayHaveHistograms: boolean;
  /** Computes series number `i` into `out`, whose columns are empty; whether it has a sample. */
  fill(i: number, out: InstantSeries): boolean | Promise<boolean>;
}

/** All series of a source that have a sample. */
export async function materialize(source: SeriesSource, steps: Steps, run: QueryRun): Promise<Vector> {
  const { identities } = source;
  run.options.account.reserve(identities.length * steps.count);
  const result: Vector = [];
  for (let i = 0; i < identities.length; i++) {
    const { labels, dropName } = identities[i]!;
    const out = run.newSeries(labels, dropName, steps);
    const filled = source.fill(i, out);
    if (filled === true || await filled) result.push(out);
    const pause = (i & 31) === 31 ? run.checkpoint() : undefined;
    if (pause !== undefined) await pause;
  }
  return result;
}

/** What an instant selector gives. @param at By step, the time in ms that it looks at; ascending. */
export function selectorSource(
  { series }: SelectedSamples,
  at: Float64Array,
  quantity: SelectedQuantity,
  run: QueryRun,
): SeriesSource {
  const { lookbackDeltaMs, delayedNameRemoval, account } = run.options;
  const newest = new NewestSamples(at, lookbackDeltaMs);
  return {
    identities: series.map((columns) =>
      quantity === "values"
        ? { labels: columns.labels, dropName: false }
        : nameDropped(columns, delayedNameRemoval)
    ),
    mayHaveHistograms: series.some(({ histograms }) => histograms !== undefined),
    fill(i, out) {
      const found = quantity === "values"
        ? newest.fill(series[i]!, out)
        : newest.fillTimes(series[i]!, quantity, out);
      if (found > 0) account.lookAt(out, found);
      return found > 0;
    },
  };
}

/** What a function over a range vector gives. */
export function rangeCallSource(
  implementation: Extract<FunctionImplementation, { kind: "range" }>,
  { series }: RangeVector,
  call: FunctionCall,
  control: Checkpoint,
): SeriesSource {
  return {
    identities: series.map((one) =>
      implementation.keepsName && !one.dropName ? one : nameDropped(one, call.delayedNameRemoval)
    ),
    mayHaveHistograms: series.some(({ histograms }) => histograms !== undefined),
    fill(i, out) {
      const running = evaluateBySlices(implementation, series[i]!, out, call, control);
      return running === undefined ? hasSamples(out) : running.then(() => hasSamples(out));
    },
  };
}

/** Gives the series of a vector or a source one after the other. */
export interface SeriesReader {
  readonly identities: readonly SeriesIdentity[];
  /** Series number `i`, valid until the next call; undefined where it has no sample. */
  read(i: number): InstantSeries | undefined | Promise<InstantSeries | undefined>;
}

export function readVector(vector: Vector): SeriesReader {
  return { identities: vector, read: (i) => vector[i] };
}

/** Reads a source of floats through one pair of columns. */
export function readSource(source: SeriesSource, { count }: Steps): SeriesReader {
  const values = new Float64Array(count), present = new Uint8Array(count);
  return {
    identities: source.identities,
    read(i) {
      present.fill(NONE);
      const out: InstantSeries = { ...source.identities[i]!, values, present };
      const filled = source.fill(i, out);
      if (typeof filled === "boolean") return filled ? out : undefined;
      return filled.then((has) => has ? out : undefined);
    },
  };
}
