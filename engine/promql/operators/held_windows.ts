import type { QueryRun } from "../query_run.ts";
import type { RangeSeries, Windows } from "../value.ts";
import { Turns } from "./turns.ts";

/** Holds a sample for every window that is not empty. */
export async function holdWindows(series: readonly RangeSeries[], run: QueryRun): Promise<void> {
  const known = new WeakMap<Windows, number>(), turns = new Turns(run);
  for (const { floats, histograms } of series) {
    const windows = (floats ?? histograms)?.windows;
    if (windows === undefined) continue;
    const others = floats === undefined ? undefined : histograms?.windows;
    let count = others === undefined ? known.get(windows) : undefined;
    if (count === undefined) {
      count = countFilled(windows, others ?? windows);
      if (others === undefined) known.set(windows, count);
      const pause = turns.after(windows.from.length);
      if (pause !== undefined) await pause;
    }
    run.options.account.hold(count);
  }
}

/** Steps at which one of both windows has samples. */
function countFilled(a: Windows, b: Windows): number {
  let count = 0;
  for (let step = 0; step < a.from.length; step++) {
    if (a.from[step] !== a.to[step] || b.from[step] !== b.to[step]) count++;
  }
  return count;
}
