import type { Metric } from "../exposition/metric_family.ts";
import type { Labels } from "../labels/labels.ts";
import type { Clock } from "./clock.ts";
import { Desc, type DescOptions } from "./desc.ts";
import { type Child, MetricVec } from "./metric_vec.ts";
import type { Objective } from "./quantile_stream.ts";
import { QuantileWindow, type WindowOptions } from "./quantile_window.ts";
import { around, type EndTimer, startTimer } from "./timer.ts";

export interface SummaryOptions<Label extends string = string>
  extends DescOptions<Label>, Partial<WindowOptions> {
  /** Allowed rank error by quantile, such as `{ 0.5: 0.05, 0.99: 0.001 }`; no quantiles unless given. */
  readonly objectives?: Readonly<Record<number, number>>;
  /** How long an observation counts towards quantiles, in ms; 10 minutes unless given. */
  readonly maxAgeMs?: number;
  /** Number of steps in which observations age; 5 unless given. */
  readonly ageBuckets?: number;
  /** Runs before every collection. */
  readonly collect?: (summary: Summary<Label>) => void;
}

const MAX_AGE_MS = 600_000;
const AGE_BUCKETS = 5;

/** One series of a summary. */
export class SummaryChild implements Child {
  readonly #labels: Labels;
  readonly #now: Clock;
  readonly #createdMs: number;
  readonly #quantiles: readonly number[];
  readonly #window: QuantileWindow | undefined;
  #count = 0;
  #sum = 0;

  /** @param objectives Ascending by quantile. */
  constructor(labels: Labels, now: Clock, objectives: readonly Objective[], window: WindowOptions) {
    this.#labels = labels;
    this.#now = now;
    this.#createdMs = now();
    this.#quantiles = objectives.map(({ quantile }) => quantile);
    if (objectives.length > 0) this.#window = new QuantileWindow(objectives, window, this.#createdMs);
  }

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  /** Adds an observation. NaN has no rank, so it counts towards count and sum but not towards quantiles. */
  observe(value: number): void {
    this.#count++;
    this.#sum += value;
    if (this.#window !== undefined && !Number.isNaN(value)) this.#window.observe(value, this.#now());
  }

  /** Starts a timer that observes the seconds it took. */
  startTimer(): EndTimer {
    return startTimer(this.#now, (seconds) => this.observe(seconds));
  }

  /** Runs `work`, sync or async, and observes the seconds it took, failed or not. */
  time<Result>(work: () => Result): Result {
    return around(work, this.startTimer());
  }

  snapshot(): Metric {
    const values = this.#window?.query(this.#quantiles, this.#now()) ?? [];
    const quantiles = values.map((value, i) => ({ quantile: this.#quantiles[i], value }));
    return {
      labels: this.#labels,
      summary: { count: this.#count, sum: this.#sum, quantiles },
      createdMs: this.#createdMs,
    };
  }
}

/** Count and sum of observations, on request with quantiles over a sliding window. */
export class Summary<Label extends string = string> extends MetricVec<SummaryChild, Label> {
  /** @throws {RangeError} If an objective or the window is out of range. */
  constructor(options: SummaryOptions<Label>, now: Clock) {
    const objectives = checkedObjectives(options.objectives ?? {});
    const window = {
      maxAgeMs: options.maxAgeMs ?? MAX_AGE_MS,
      ageBuckets: options.ageBuckets ?? AGE_BUCKETS,
    };
    if (!(window.maxAgeMs > 0)) {
      throw new RangeError(`Summary maxAgeMs is ${window.maxAgeMs}: give a number above 0`);
    }
    if (!(Number.isInteger(window.ageBuckets) && window.ageBuckets >= 1)) {
      throw new RangeError(`Summary ageBuckets is ${window.ageBuckets}: give a whole number from 1`);
    }
    super(
      "summary",
      new Desc(options, ["quantile"]),
      (labels) => new SummaryChild(labels, now, objectives, window),
      options.collect && (() => options.collect?.(this)),
    );
  }

  get count(): number {
    return this.single.count;
  }

  get sum(): number {
    return this.single.sum;
  }

  /** See {@link SummaryChild.observe}; this and the following only for a summary without labels. */
  observe(value: number): void {
    this.single.observe(value);
  }

  startTimer(): EndTimer {
    return this.single.startTimer();
  }

  time<Result>(work: () => Result): Result {
    return this.single.time(work);
  }
}

function checkedObjectives(objectives: Readonly<Record<number, number>>): Objective[] {
  const list = Object.entries(objectives).map(([quantile, error]) => ({ quantile: Number(quantile), error }));
  for (const { quantile, error } of list) {
    const inner = quantile > 0 && quantile < 1;
    if (quantile >= 0 && quantile <= 1 && error <= 1 && (inner ? error > 0 : error >= 0)) continue;
    throw new RangeError(
      `Summary objective ${quantile} with error ${error} is out of range: ` +
        "give a quantile from 0 to 1 and an error above 0 such as 0.01",
    );
  }
  return list.sort((a, b) => a.quantile - b.quantile);
}
