import type { Exemplar, Metric } from "../exposition/metric_family.ts";
import type { Labels } from "../labels/labels.ts";
import type { Clock } from "./clock.ts";
import { Desc, type DescOptions } from "./desc.ts";
import { exemplarLabels } from "./exemplar_labels.ts";
import { type Child, MetricVec } from "./metric_vec.ts";
import { around } from "./timer.ts";

export interface CounterOptions<Label extends string = string> extends DescOptions<Label> {
  /** Runs before every collection. */
  readonly collect?: (counter: Counter<Label>) => void;
}

/** One series of a counter. */
export class CounterChild implements Child {
  readonly #labels: Labels;
  readonly #now: Clock;
  readonly #createdMs: number;
  #value = 0;
  #exemplar: Exemplar | undefined;

  constructor(labels: Labels, now: Clock) {
    this.#labels = labels;
    this.#now = now;
    this.#createdMs = now();
  }

  get value(): number {
    return this.#value;
  }

  /**
   * Adds `by`, which must not be negative.
   * @param exemplar Labels of an example of what was counted, such as a trace id; the last one is exposed.
   * @throws {RangeError} If `by` is negative or NaN, or the exemplar's labels are too long.
   */
  inc(by = 1, exemplar?: Readonly<Record<string, string>>): void {
    if (!(by >= 0)) {
      throw new RangeError(`Counter cannot grow by ${by}: give a number from 0, or use a gauge`);
    }
    if (exemplar !== undefined) {
      this.#exemplar = { labels: exemplarLabels(exemplar), value: by, timestampMs: this.#now() };
    }
    this.#value += by;
  }

  /** Runs `work`, sync or async, and adds one if it fails. */
  countExceptions<Result>(work: () => Result): Result {
    return around(work, (failed) => {
      if (failed) this.inc();
    });
  }

  snapshot(): Metric {
    return {
      labels: this.#labels,
      value: this.#value,
      createdMs: this.#createdMs,
      ...(this.#exemplar !== undefined && { exemplar: this.#exemplar }),
    };
  }
}

/** A number that only grows. Its name ends in `_total`. */
export class Counter<Label extends string = string> extends MetricVec<CounterChild, Label> {
  constructor(options: CounterOptions<Label>, now: Clock) {
    super(
      "counter",
      new Desc(options),
      (labels) => new CounterChild(labels, now),
      options.collect && (() => options.collect?.(this)),
    );
  }

  get value(): number {
    return this.single.value;
  }

  /** See {@link CounterChild.inc}; only for a counter without labels. */
  inc(by?: number, exemplar?: Readonly<Record<string, string>>): void {
    this.single.inc(by, exemplar);
  }

  /** See {@link CounterChild.countExceptions}; only for a counter without labels. */
  countExceptions<Result>(work: () => Result): Result {
    return this.single.countExceptions(work);
  }
}
