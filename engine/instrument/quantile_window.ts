import { type Objective, QuantileStream } from "./quantile_stream.ts";

export interface WindowOptions {
  /** How long an observation counts, in ms. */
  readonly maxAgeMs: number;
  /** Number of steps in which observations age. */
  readonly ageBuckets: number;
}

const BUFFERED_MAX = 500;

/**
 * Quantiles of the observations of the last `maxAgeMs`. Every observation goes to every stream; the head stream
 * is read, and emptied and put last when a step is over, so it covers between `ageBuckets - 1` and `ageBuckets` steps.
 */
export class QuantileWindow {
  readonly #streams: readonly QuantileStream[];
  readonly #stepMs: number;
  readonly #buffer = new Float64Array(BUFFERED_MAX);
  #buffered = 0;
  #head = 0;
  #headEndMs: number;

  constructor(objectives: readonly Objective[], options: WindowOptions, nowMs: number) {
    this.#streams = Array.from({ length: options.ageBuckets }, () => new QuantileStream(objectives));
    this.#stepMs = options.maxAgeMs / options.ageBuckets;
    this.#headEndMs = nowMs + this.#stepMs;
  }

  /** Adds a value that is not NaN; sorts and merges only every 500 values. */
  observe(value: number, nowMs: number): void {
    this.#rotate(nowMs);
    this.#buffer[this.#buffered++] = value;
    if (this.#buffered === BUFFERED_MAX) this.#flush();
  }

  /** Values at `quantiles`, NaN where the window is empty. */
  query(quantiles: readonly number[], nowMs: number): number[] {
    this.#rotate(nowMs);
    this.#flush();
    const stream = this.#streams[this.#head];
    return quantiles.map((quantile) => stream.query(quantile));
  }

  #flush(): void {
    if (this.#buffered === 0) return;
    const sorted = this.#buffer.subarray(0, this.#buffered).sort();
    for (const stream of this.#streams) stream.insertSorted(sorted);
    this.#buffered = 0;
  }

  #rotate(nowMs: number): void {
    if (nowMs < this.#headEndMs) return;
    this.#flush();
    const streams = this.#streams;
    const steps = Math.floor((nowMs - this.#headEndMs) / this.#stepMs) + 1;
    for (let i = 0; i < Math.min(steps, streams.length); i++) {
      streams[this.#head].reset();
      this.#head = (this.#head + 1) % streams.length;
    }
    this.#headEndMs += steps * this.#stepMs;
  }
}
