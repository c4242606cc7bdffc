import type { ScrapeClock } from "./clock.ts";

/** Smaller steps are none that anybody wants to hear of: time servers make them all the time. */
const STEP_MS_MIN = 2_000;

/** Notices when a clock was stepped: its time went on by more or less than the monotonic one, as also after a suspend. */
export class StepWatch {
  #aheadMs: number;

  /** @param onStep Told of each step, in ms; below 0 where it was one back. */
  constructor(private readonly clock: ScrapeClock, private readonly onStep: (stepMs: number) => void) {
    this.#aheadMs = this.#ahead();
  }

  /** Compares the clocks with how they were at the last check. */
  check(): void {
    const aheadMs = this.#ahead(), stepMs = aheadMs - this.#aheadMs;
    this.#aheadMs = aheadMs;
    if (Math.abs(stepMs) >= STEP_MS_MIN) this.onStep(Math.round(stepMs));
  }

  #ahead(): number {
    return this.clock.now() - this.clock.monotonic();
  }
}
