import type { Metric } from "../exposition/metric_family.ts";
import type { Labels } from "../labels/labels.ts";
import type { Clock } from "./clock.ts";
import { Desc, type DescOptions } from "./desc.ts";
import { type Child, MetricVec } from "./metric_vec.ts";
import { around, type EndTimer, startTimer } from "./timer.ts";

export interface GaugeOptions<Label extends string = string> extends DescOptions<Label> {
  /** Runs before every collection, to set what is only known on demand. */
  readonly collect?: (gauge: Gauge<Label>) => void;
}

/** One series of a gauge. */
export class GaugeChild implements Child {
  readonly #labels: Labels;
  readonly #now: Clock;
  #value = 0;

  constructor(labels: Labels, now: Clock) {
    this.#labels = labels;
    this.#now = now;
  }

  get value(): number {
    return this.#value;
  }

  set(value: number): void {
    this.#value = value;
  }

  inc(by = 1): void {
    this.#value += by;
  }

  dec(by = 1): void {
    this.#value -= by;
  }

  /** Sets the seconds since the Unix epoch. */
  setToCurrentTime(): void {
    this.#value = this.#now() / 1000;
  }

  /** Starts a timer that sets the gauge to the seconds it took. */
  startTimer(): EndTimer {
    return startTimer(this.#now, (seconds) => this.set(seconds));
  }

  /** Runs `work`, sync or async, and sets the gauge to the seconds it took. */
  time<Result>(work: () => Result): Result {
    return around(work, this.startTimer());
  }

  /** Runs `work`, sync or async, counted in the gauge as long as it goes on. */
  trackInProgress<Result>(work: () => Result): Result {
    this.inc();
    return around(work, () => this.dec());
  }

  snapshot(): Metric {
    return { labels: this.#labels, value: this.#value };
  }
}

/** A number that goes up and down. */
export class Gauge<Label extends string = string> extends MetricVec<GaugeChild, Label> {
  constructor(options: GaugeOptions<Label>, now: Clock) {
    super(
      "gauge",
      new Desc(options),
      (labels) => new GaugeChild(labels, now),
      options.collect && (() => options.collect?.(this)),
    );
  }

  get value(): number {
    return this.single.value;
  }

  set(value: number): void {
    this.single.set(value);
  }

  inc(by?: number): void {
    this.single.inc(by);
  }

  dec(by?: number): void {
    this.single.dec(by);
  }

  /** See {@link GaugeChild.setToCurrentTime}; this and the following only for a gauge without labels. */
  setToCurrentTime(): void {
    this.single.setToCurrentTime();
  }

  startTimer(): EndTimer {
    return this.single.startTimer();
  }

  time<Result>(work: () => Result): Result {
    return this.single.time(work);
  }

  trackInProgress<Result>(work: () => Result): Result {
    return this.single.trackInProgress(work);
  }
}
