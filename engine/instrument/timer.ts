import type { Clock } from "./clock.ts";

/** Ends the timer and returns the seconds since its start; each call reports anew. */
export type EndTimer = () => number;

/** Starts a timer that hands the seconds it took to `report`. */
export function startTimer(now: Clock, report: (seconds: number) => void): EndTimer {
  const start = now();
  return () => {
    const seconds = (now() - start) / 1000;
    report(seconds);
    return seconds;
  };
}

/**
 * Runs `work` and calls `settled` once it has returned or thrown, or once the promise it returned has settled.
 * @param settled Learns whether the work failed.
 */
export function around<Result>(work: () => Result, settled: (failed: boolean) => void): Result {
  let result: Result;
  try {
    result = work();
  } catch (error) {
    settled(true);
    throw error;
  }
  if (!(result instanceof Promise)) {
    settled(false);
    return result;
  }
  return result.then(
    (value) => {
      settled(false);
      return value;
    },
    (error) => {
      settled(true);
      throw error;
    },
  ) as Result;
}
