import type { MetricFamily } from "../exposition/metric_family.ts";
import type { Collector } from "./collector.ts";
import { constFamily } from "./const_family.ts";
import { Desc } from "./desc.ts";

export interface InfoOptions {
  /** Ends in `_info`. */
  readonly name: string;
  readonly help: string;
  /** What is to be told, such as version and revision. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Facts about the program, as the labels of a gauge that is always 1. */
export class Info implements Collector {
  readonly #desc: Desc;

  constructor({ name, help, labels }: InfoOptions) {
    this.#desc = new Desc({ name, help, constLabels: labels });
  }

  describe(): readonly Desc[] {
    return [this.#desc];
  }

  collect(): MetricFamily[] {
    return [constFamily(this.#desc, "gauge", [{ value: 1 }])];
  }
}
