import type { FunctionCall, FunctionImplementation } from "../functions/registry.ts";
import type { InstantSeries, RangeSeries, Value, Windows } from "../value.ts";

type RangeFunction = Extract<FunctionImplementation, { kind: "range" }>;

/** Lets other work have its turn, and ends the query, where it is time to. */
export interface Checkpoint {
  now(): number;
  checkpoint(): Promise<void> | undefined;
}

/** Samples in all windows that are looked at without a look at the clock: about a millisecond. */
const SAMPLES_PER_SLICE = 1 << 18;
/** How long a slice may take, in ms, until the next one is made smaller. */
const SLICE_MS = 8;

/**
 * Evaluates a function over one series. Where the windows hold very many samples, a few steps at a time, with
 * checkpoints in between: what a function that looks at each of them costs is not known beforehand.
 */
export function evaluateBySlices(
  implementation: RangeFunction,
  series: RangeSeries,
  out: InstantSeries,
  call: FunctionCall,
  control: Checkpoint,
): Promise<void> | undefined {
  if (samplesIn(series.floats?.windows) + samplesIn(series.histograms?.windows) <= SAMPLES_PER_SLICE) {
    implementation.evaluate(series, out, call);
    return undefined;
  }
  return slices(implementation, series, out, call, control);
}

async function slices(
  implementation: RangeFunction,
  series: RangeSeries,
  out: InstantSeries,
  call: FunctionCall,
  control: Checkpoint,
): Promise<void> {
  const steps = out.present.length;
  let budget = SAMPLES_PER_SLICE;
  for (let from = 0; from < steps;) {
    let to = from;
    for (let samples = 0; to < steps && (to === from || samples < budget); to++) {
      samples += samplesAt(series.floats?.windows, to) + samplesAt(series.histograms?.windows, to);
    }
    const startMs = control.now();
    const part: InstantSeries = {
      labels: out.labels,
      dropName: out.dropName,
      values: out.values.subarray(from, to),
      present: out.present.subarray(from, to),
    };
    implementation.evaluate(sliceOf(series, from, to), part, sliceOfCall(call, from, to));
    if (part.histograms !== undefined) {
      out.histograms ??= new Array(steps).fill(undefined);
      part.histograms.forEach((histogram, i) => out.histograms![from + i] = histogram);
    }
    const elapsedMs = control.now() - startMs;
    if (elapsedMs < SLICE_MS / 2) budget *= 2;
    else if (elapsedMs > SLICE_MS) budget = Math.max(1, budget / 2);
    from = to;
    const pause = control.checkpoint();
    if (pause !== undefined) await pause;
  }
}

const totals = new WeakMap<Windows, number>();

/** Samples in all windows, each counted as often as there are windows that it is in. */
function samplesIn(windows: Windows | undefined): number {
  if (windows === undefined) return 0;
  let total = totals.get(windows);
  if (total === undefined) {
    total = 0;
    for (let step = 0; step < windows.from.length; step++) total += windows.to[step]! - windows.from[step]!;
    totals.set(windows, total);
  }
  return total;
}

function samplesAt(windows: Windows | undefined, step: number): number {
  return windows === undefined ? 0 : windows.to[step]! - windows.from[step]!;
}

function sliceOf(series: RangeSeries, from: number, to: number): RangeSeries {
  const windowsOf = ({ from: starts, to: ends }: Windows) => ({
    from: starts.subarray(from, to),
    to: ends.subarray(from, to),
  });
  const { floats, histograms } = series;
  return {
    labels: series.labels,
    dropName: series.dropName,
    floats: floats && { ...floats, windows: windowsOf(floats.windows) },
    histograms: histograms && { ...histograms, windows: windowsOf(histograms.windows) },
  };
}

function sliceOfCall(call: FunctionCall, from: number, to: number): FunctionCall {
  const { steps: { startMs, stepMs } } = call;
  return {
    ...call,
    steps: { startMs: startMs + from * stepMs, stepMs, count: to - from },
    args: call.args.map((arg): Value => {
      switch (arg.type) {
        case "scalar":
          return { type: "scalar", values: arg.values.subarray(from, to) };
        case "matrix":
          return { type: "matrix", range: { ...arg.range, endsMs: arg.range.endsMs.subarray(from, to) } };
        default:
          return arg;
      }
    }),
  };
}
