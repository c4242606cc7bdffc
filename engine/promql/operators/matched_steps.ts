import { type InstantSeries, NONE } from "../value.ts";
import type { Turns } from "./turns.ts";

/** For each series the first and the last step that it has a sample at, the other way round if there is none. */
export function endsOf(series: readonly InstantSeries[]): Int32Array {
  const ends = new Int32Array(2 * series.length);
  series.forEach(({ present }, i) => {
    let first = 0, last = present.length - 1;
    while (first < present.length && present[first] === NONE) first++;
    while (last >= first && present[last] === NONE) last--;
    ends[2 * i] = first;
    ends[2 * i + 1] = last;
  });
  return ends;
}

/** By step, 1 where several series have a sample; undefined if there is no such step. */
export async function crowdedSteps(
  series: readonly InstantSeries[],
  turns: Turns,
): Promise<Uint8Array | undefined> {
  const found = new Uint8Array(series[0]!.present.length), crowded = new Uint8Array(found.length);
  let isAny = 0;
  for (const { present } of series) {
    for (let step = 0; step < found.length; step++) {
      const has = present[step] === NONE ? 0 : 1;
      isAny |= crowded[step]! |= found[step]! & has;
      found[step]! |= has;
    }
    const pause = turns.after(found.length);
    if (pause !== undefined) await pause;
  }
  return isAny === 0 ? undefined : crowded;
}

/** By step, 1 where any series has a sample. */
export async function stepsOfAny(
  series: readonly InstantSeries[],
  turns: Turns,
  steps: number,
): Promise<Uint8Array> {
  const found = new Uint8Array(steps);
  for (const { present } of series) {
    for (let step = 0; step < steps; step++) if (present[step] !== NONE) found[step] = 1;
    const pause = turns.after(steps);
    if (pause !== undefined) await pause;
  }
  return found;
}

/** By step, the index of the first series that has a sample, past the last one where none has. */
export async function partnersAt(
  series: readonly InstantSeries[],
  turns: Turns,
  steps: number,
): Promise<Uint32Array> {
  const partners = new Uint32Array(steps).fill(series.length);
  for (let i = series.length - 1; i >= 0; i--) {
    const { present } = series[i]!;
    for (let step = 0; step < steps; step++) if (present[step] !== NONE) partners[step] = i;
    const pause = turns.after(steps);
    if (pause !== undefined) await pause;
  }
  return partners;
}

/** Two series that have a sample that counts at the same step, which is one of those that are crowded. */
export async function commonStep(
  series: readonly InstantSeries[],
  crowded: Uint8Array,
  counts: (step: number, series: InstantSeries) => boolean,
  turns: Turns,
): Promise<[InstantSeries, InstantSeries] | undefined> {
  for (let step = 0; step < crowded.length; step++) {
    if (crowded[step] !== 1) continue;
    let first: InstantSeries | undefined;
    for (const one of series) {
      if (one.present[step] === NONE || !counts(step, one)) continue;
      if (first !== undefined) return [first, one];
      first = one;
    }
    const pause = turns.after(series.length);
    if (pause !== undefined) await pause;
  }
  return undefined;
}
