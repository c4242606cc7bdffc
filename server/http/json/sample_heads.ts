import { writeTimestamp } from "./number.ts";

const OPENING = 0x5b2c, QUOTING = 0x222c; // `,[` and `,"`, little-endian
/** Doubles that a head takes. */
const HEAD_WORDS = 3;
/** Times from 0 to this, in ms, have heads of at most 20 bytes. */
const TIME_MAX = 1e15;

/** What stands before the value of a sample: `,[time,"`. Series that share their times share these bytes, too. */
export class SampleHeads {
  #times: Float64Array = new Float64Array(0);
  #isReady = false;
  #words = new Float64Array(0);
  #lengths = new Uint8Array(0);

  /** Turns to the samples of another series. */
  use(times: Float64Array): void {
    if (times !== this.#times) {
      this.#times = times;
      this.#isReady = false;
    } else if (!this.#isReady) {
      this.#isReady = this.#prepare();
    }
  }

  #prepare(): boolean {
    const times = this.#times, count = times.length;
    if (!(times[0] >= 0 && times[count - 1] < TIME_MAX)) return false;
    this.#words = new Float64Array(HEAD_WORDS * count + HEAD_WORDS); // numbers need some room behind them
    this.#lengths = new Uint8Array(count);
    const view = new DataView(this.#words.buffer);
    for (let step = 0; step < count; step++) {
      const from = 8 * HEAD_WORDS * step;
      this.#lengths[step] = writeHead(view, from, times[step]) - from;
    }
    return true;
  }

  /** Writes the head of the sample at `step`. @returns The place behind it; up to there and 24 bytes must be free. */
  write(out: DataView, at: number, step: number): number {
    if (!this.#isReady) return writeHead(out, at, this.#times[step]);
    // ASCII bytes are never the bits of a NaN, so they survive as doubles.
    const words = this.#words, from = HEAD_WORDS * step;
    out.setFloat64(at, words[from], true);
    out.setFloat64(at + 8, words[from + 1], true);
    out.setFloat64(at + 16, words[from + 2], true);
    return at + this.#lengths[step];
  }
}

function writeHead(out: DataView, at: number, ms: number): number {
  out.setUint16(at, OPENING, true);
  at = writeTimestamp(out, at + 2, ms);
  out.setUint16(at, QUOTING, true);
  return at + 2;
}
