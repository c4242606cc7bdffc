/** Series that may still begin: shared by all targets of a shard. */
export interface SeriesBudget {
  /** Takes `count` for new series; false, taking none, where fewer are left. */
  tryTake(count: number): boolean;
  /** Takes `count` for series that are there already, even beyond what is left. */
  take(count: number): void;
  release(count: number): void;
  /**
   * Told after a scrape that had series refused.
   * @param label The label with the most different values among them, which is likely why there are so many.
   */
  onRefused(
    refused: { jobName: string; targetId: string; series: number; label: string; values: number },
  ): void;
}

const VALUES_MAX = 10_000;

/** Counts the different values that each label of refused series has, up to a limit. */
export class LabelGrowth {
  series = 0;
  readonly #values = new Map<string, Set<string>>();

  add(pairs: readonly string[]): void {
    this.series++;
    for (let i = 0; i < pairs.length; i += 2) {
      let values = this.#values.get(pairs[i]);
      if (values === undefined) this.#values.set(pairs[i], values = new Set());
      if (values.size < VALUES_MAX) values.add(pairs[i + 1]);
    }
  }

  /** The label with the most values. */
  largest(): { label: string; values: number } {
    let label = "", most = 0;
    for (const [name, values] of this.#values) {
      if (values.size > most) [label, most] = [name, values.size];
    }
    return { label, values: most };
  }
}
