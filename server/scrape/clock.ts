/** Time as scrapes see it. */
export interface ScrapeClock {
  /** The time now, in whole ms since the Unix epoch: what samples get. It may be stepped, forward and back. */
  now(): number;
  /** Milliseconds since some moment, with a fraction: what durations are measured with. It is never stepped. */
  monotonic(): number;
  /** Calls `run` once, in `delayMs` of monotonic time; what it returns cancels that. */
  schedule(delayMs: number, run: () => void): () => void;
}

/** The longest delay that a timer takes. */
const DELAY_MS_MAX = 2 ** 31 - 1;

export const systemClock: ScrapeClock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule(delayMs, run) {
    const dueMs = performance.now() + delayMs;
    let timer: ReturnType<typeof setTimeout>;
    const wait = () => {
      const leftMs = dueMs - performance.now();
      timer = leftMs > DELAY_MS_MAX
        ? setTimeout(wait, DELAY_MS_MAX)
        : setTimeout(run, Math.max(0, Math.ceil(leftMs)));
    };
    wait();
    return () => clearTimeout(timer);
  },
};
