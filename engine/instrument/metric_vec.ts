import type { Metric, MetricFamily, MetricType } from "../exposition/metric_family.ts";
import { type Labels, quote } from "../labels/labels.ts";
import type { Collector } from "./collector.ts";
import type { Desc } from "./desc.ts";

/** One series of a metric; holds its value. */
export interface Child {
  /** Its value of this moment in exposed form. */
  snapshot(): Metric;
}

/** Children of one metric by label values: what counters, gauges, histograms and summaries share. */
export abstract class MetricVec<C extends Child, Label extends string = string> implements Collector {
  readonly desc: Desc;
  readonly #type: MetricType;
  readonly #create: (labels: Labels) => C;
  readonly #beforeCollect: (() => void) | undefined;
  readonly #children = new Map<string, C>();
  #single: C | undefined;

  /**
   * @param create Makes a child at zero.
   * @param beforeCollect Runs before every collection, to bring children up to date.
   */
  constructor(type: MetricType, desc: Desc, create: (labels: Labels) => C, beforeCollect?: () => void) {
    this.desc = desc;
    this.#type = type;
    this.#create = create;
    this.#beforeCollect = beforeCollect;
    this.clear();
  }

  /**
   * The child with these label values, made at zero if it is new. Keep it where it is updated often.
   * @param values One value per label name in the order of `labelNames`, or one object with all of them.
   * @throws {RangeError} If a value is missing or too many are given.
   * @throws {TypeError} If a value is not a string.
   */
  labels(...values: string[] | [values: Readonly<Record<Label, string>>]): C {
    const list = this.#listOf(values);
    const key = keyOf(list);
    let child = this.#children.get(key);
    if (child === undefined) {
      child = this.#create(this.desc.labelsOf(list));
      this.#children.set(key, child);
    }
    return child;
  }

  /** Forgets the child with these label values. Returns whether there was one. */
  remove(...values: string[] | [values: Readonly<Record<Label, string>>]): boolean {
    return this.#children.delete(keyOf(this.#listOf(values)));
  }

  /** Forgets all children; a metric without labels starts again at zero. */
  clear(): void {
    this.#children.clear();
    this.#single = this.desc.labelNames.length === 0 ? this.labels() : undefined;
  }

  describe(): readonly Desc[] {
    return [this.desc];
  }

  collect(): MetricFamily[] {
    this.#beforeCollect?.();
    const { name, help, unit } = this.desc;
    const metrics = Array.from(this.#children.values(), (child) => child.snapshot());
    return [{ name, help, type: this.#type, ...(unit !== "" && { unit }), metrics }];
  }

  /**
   * The only child of a metric without labels.
   * @throws {TypeError} If the metric has labels.
   */
  protected get single(): C {
    if (this.#single !== undefined) return this.#single;
    throw new TypeError(
      `Metric ${quote(this.desc.name)} has labels (${
        this.desc.labelNames.join(", ")
      }): call labels(...) first`,
    );
  }

  #listOf(values: readonly (string | Readonly<Record<string, string>>)[]): readonly string[] {
    const { labelNames, name } = this.desc;
    const [record] = values;
    if (typeof record !== "object" || record === null) {
      if (values.length === labelNames.length) return values as readonly string[];
      throw new RangeError(
        `Metric ${quote(name)} has ${labelNames.length} label(s) (${labelNames.join(", ")}), ` +
          `found ${values.length} value(s): give one value for each`,
      );
    }
    const given = Object.keys(record);
    if (given.length !== labelNames.length || !labelNames.every((label) => Object.hasOwn(record, label))) {
      throw new RangeError(
        `Metric ${quote(name)} has labels (${labelNames.join(", ")}), found (${
          given.join(", ")
        }): name each once`,
      );
    }
    return labelNames.map((label) => record[label]);
  }
}

/** Equal for equal lists only: every value but a lone one is preceded by its length. */
function keyOf(values: readonly string[]): string {
  if (values.length === 1) return values[0];
  let key = "";
  for (const value of values) key += `${value?.length}:${value}`;
  return key;
}
