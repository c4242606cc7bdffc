import type { MetricFamily } from "../exposition/metric_family.ts";
import { quote } from "../labels/labels.ts";
import type { Clock } from "./clock.ts";
import type { Collector } from "./collector.ts";
import { Counter, type CounterOptions } from "./counter.ts";
import type { Desc } from "./desc.ts";
import { FamilyChecker } from "./family_checker.ts";
import { Gauge, type GaugeOptions } from "./gauge.ts";
import { Histogram, type HistogramOptions } from "./histogram.ts";
import { Info, type InfoOptions } from "./info.ts";
import { Summary, type SummaryOptions } from "./summary.ts";

/** The metric was registered before, in `existing`, which may do instead of the new one. */
export class AlreadyRegisteredError extends Error {
  override readonly name = "AlreadyRegisteredError";
  readonly existing: Collector;
  constructor(metric: string, existing: Collector) {
    super(`Metric ${quote(metric)} is already registered: use the registered one, or unregister it first`);
    this.existing = existing;
  }
}

/** Some metrics could not be gathered: `errors` says why, `families` has all the others. */
export class GatherError extends AggregateError {
  override readonly name = "GatherError";
  readonly families: MetricFamily[];
  constructor({ families, errors }: Gathered) {
    super(errors, `Cannot gather all metrics: ${errors.map((error) => error.message).join("; ")}`);
    this.families = families;
  }
}

export interface Gathered {
  readonly families: MetricFamily[];
  /** What is wrong with the metrics left out. */
  readonly errors: readonly Error[];
}

interface Registration {
  readonly collector: Collector;
  readonly descs: readonly Desc[];
}

/** The metrics of a program, or of a part of it. */
export class Registry {
  /** The clock that its metrics use. */
  readonly now: Clock;
  readonly #registrations = new Map<Collector, Registration>();

  constructor(options: { readonly now: Clock }) {
    this.now = options.now;
  }

  /** Makes and registers a counter. This and the following throw what the constructor and `register` throw. */
  counter<const Label extends string = never>(options: CounterOptions<Label>): Counter<Label> {
    return this.register(new Counter(options, this.now));
  }

  gauge<const Label extends string = never>(options: GaugeOptions<Label>): Gauge<Label> {
    return this.register(new Gauge(options, this.now));
  }

  histogram<const Label extends string = never>(options: HistogramOptions<Label>): Histogram<Label> {
    return this.register(new Histogram(options, this.now));
  }

  summary<const Label extends string = never>(options: SummaryOptions<Label>): Summary<Label> {
    return this.register(new Summary(options, this.now));
  }

  info(options: InfoOptions): Info {
    return this.register(new Info(options));
  }

  /**
   * Adds a collector and returns it.
   * @throws {AlreadyRegisteredError} If it, or a metric of the same name and constant labels, is registered.
   * @throws {RangeError} If a metric of the same name has another help text, unit or other labels.
   */
  register<C extends Collector>(collector: C): C {
    const descs = collector.describe();
    if (this.#registrations.has(collector)) throw new AlreadyRegisteredError(nameOf(descs), collector);
    for (const [i, desc] of descs.entries()) {
      for (const known of descs.slice(0, i)) checkTogether(desc, known, collector);
      for (const other of this.#registrations.values()) {
        for (const known of other.descs) checkTogether(desc, known, other.collector);
      }
    }
    this.#registrations.set(collector, { collector, descs });
    return collector;
  }

  /** Removes a collector. Returns whether it was registered. */
  unregister(collector: Collector): boolean {
    return this.#registrations.delete(collector);
  }

  /**
   * The metrics of this moment: families sorted by name, their metrics by labels, empty families left out.
   * @throws {GatherError} If some could not be collected or contradict others; it carries the rest.
   */
  gather(): MetricFamily[] {
    const gathered = this.gatherAll();
    if (gathered.errors.length > 0) throw new GatherError(gathered);
    return gathered.families;
  }

  /** As `gather`, but returns errors beside the metrics that are all right. */
  gatherAll(): Gathered {
    const checker = new FamilyChecker();
    for (const { collector, descs } of this.#registrations.values()) {
      try {
        for (const family of collector.collect()) checker.add(family, descs);
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        checker.errors.push(new Error(`Cannot collect ${nameOf(descs)}: ${reason}`, { cause }));
      }
    }
    return { families: checker.families(), errors: checker.errors };
  }
}

function nameOf(descs: readonly Desc[]): string {
  return descs.length === 0 ? "a collector without description" : descs.map(({ name }) => name).join(", ");
}

function checkTogether(desc: Desc, known: Desc, owner: Collector): void {
  if (desc.name !== known.name) return;
  if (desc.constLabels.equals(known.constLabels)) throw new AlreadyRegisteredError(desc.name, owner);
  const differs = desc.help !== known.help
    ? "help text"
    : desc.unit !== known.unit
    ? "unit"
    : labelNamesOf(desc) !== labelNamesOf(known)
    ? "label names"
    : undefined;
  if (differs === undefined) return;
  throw new RangeError(
    `Metric ${
      quote(desc.name)
    } is registered with another ${differs}: make them equal, or choose another name`,
  );
}

function labelNamesOf(desc: Desc): string {
  return JSON.stringify([...desc.labelNames, ...Object.keys(desc.constLabels.toObject())].sort());
}
