import { HistogramAccumulator, type PartialSum } from "../../histogram/accumulator.ts";
import { HistogramMean } from "../../histogram/mean.ts";
import { HistogramPacker, HistogramReader } from "../../histogram/packed_histograms.ts";
import type { HistogramSum } from "../operators/aggregate_histograms.ts";
import type { SlabRows } from "./fragment.ts";

const SAW_RESET = 1, SAW_NOT_RESET = 2, BOUNDS_RECONCILED = 4;

type Packed = Pick<SlabRows, "histograms" | "partials">;

/** Puts sums and means of histograms, as far as they got, into few arrays. */
export class PartialPacker {
  readonly #histograms = new HistogramPacker();
  readonly #flags: number[] = [];
  readonly #counts: number[] = [];
  readonly #largest: number[] = [];

  /** False where others cannot be added to it elsewhere; it is not packed then. */
  add(state: HistogramSum): boolean {
    if (state.dependsOnOrder) return false;
    const { partial } = state;
    if (partial === undefined) return false;
    const sum = "sum" in partial ? partial.sum : partial;
    this.#histograms.add(sum.sums);
    this.#histograms.add(sum.errors);
    this.#flags.push(
      (sum.sawReset ? SAW_RESET : 0) | (sum.sawNotReset ? SAW_NOT_RESET : 0) |
        (sum.boundsReconciled ? BOUNDS_RECONCILED : 0),
    );
    if ("sum" in partial) {
      this.#counts.push(partial.count);
      this.#largest.push(partial.largest);
    }
    return true;
  }

  finish(): Packed {
    if (this.#flags.length === 0) return {};
    return {
      histograms: this.#histograms.finish(),
      partials: {
        flags: Uint8Array.from(this.#flags),
        counts: Float64Array.from(this.#counts),
        largest: Float64Array.from(this.#largest),
      },
    };
  }
}

/** Reads sums or means one after the other. What it gives shares the packed arrays, and may be added to. */
export class PartialReader {
  readonly #packed: Packed;
  readonly #histograms: HistogramReader | undefined;
  #next = 0;

  constructor(packed: Packed) {
    this.#packed = packed;
    this.#histograms = packed.histograms && new HistogramReader(packed.histograms);
  }

  /** Goes on from the next sum. */
  start(op: "sum" | "avg"): HistogramSum {
    const sum = this.#sum(), at = this.#next++;
    return op === "sum" ? HistogramAccumulator.from(sum) : HistogramMean.from(this.#mean(sum, at));
  }

  /** Adds the next sum to `state`; false where that cannot be done, after which `state` is not to be used. */
  addTo(state: HistogramSum): boolean {
    const sum = this.#sum(), at = this.#next++;
    return state instanceof HistogramAccumulator ? state.merge(sum) : state.merge(this.#mean(sum, at));
  }

  #sum(): PartialSum {
    const flags = this.#packed.partials!.flags[this.#next]!;
    return {
      sums: this.#histograms!.next(),
      errors: this.#histograms!.next(),
      sawReset: (flags & SAW_RESET) !== 0,
      sawNotReset: (flags & SAW_NOT_RESET) !== 0,
      boundsReconciled: (flags & BOUNDS_RECONCILED) !== 0,
    };
  }

  #mean(sum: PartialSum, at: number) {
    const { counts, largest } = this.#packed.partials!;
    return { sum, count: counts[at]!, largest: largest[at]! };
  }
}
