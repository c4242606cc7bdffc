import type { Metric, MetricFamily, MetricType } from "../exposition/metric_family.ts";
import { compareLabels, compareUtf8, METRIC_NAME, quote } from "../labels/labels.ts";
import { checkMetricName, type Desc } from "./desc.ts";

const SUFFIXES: Partial<Record<MetricType, readonly string[]>> = {
  summary: ["_count", "_sum"],
  histogram: ["_count", "_sum", "_bucket"],
  gaugehistogram: ["_gcount", "_gsum", "_bucket"],
};

interface OpenFamily {
  readonly family: MetricFamily;
  readonly metrics: Metric[];
  readonly seen: Set<string>;
}

/** Puts collected families together and keeps out what contradicts what came before. */
export class FamilyChecker {
  readonly errors: Error[] = [];
  readonly #families = new Map<string, OpenFamily>();

  /** @param descs What the collector said it would return; empty where it did not say. */
  add(family: MetricFamily, descs: readonly Desc[]): void {
    if (family.metrics.length === 0) return;
    let open = this.#families.get(family.name);
    const reason = open === undefined ? this.#unfit(family, descs) : contradiction(family, open.family);
    if (reason !== undefined) {
      this.errors.push(new Error(`Cannot expose metric ${quote(family.name)}: ${reason}`));
      return;
    }
    if (open === undefined) this.#families.set(family.name, open = { family, metrics: [], seen: new Set() });
    for (const metric of family.metrics) this.#addMetric(metric, open);
  }

  /** Families sorted by name, metrics by labels. */
  families(): MetricFamily[] {
    return [...this.#families.values()]
      .filter(({ metrics }) => metrics.length > 0)
      .map(({ family, metrics }) => ({ ...family, metrics: metrics.sort(compareMetrics) }))
      .sort((a, b) => compareUtf8(a.name, b.name));
  }

  #unfit(family: MetricFamily, descs: readonly Desc[]): string | undefined {
    try {
      checkMetricName(family.name);
    } catch (error) {
      return (error as Error).message;
    }
    if (descs.length > 0 && !descs.some(({ name }) => name === family.name)) {
      return "its collector did not describe it: return it from describe() too";
    }
    for (const suffix of SUFFIXES[family.type] ?? []) {
      if (this.#families.has(family.name + suffix)) {
        return `it collides with metric ${quote(family.name + suffix)}: rename one of them`;
      }
    }
    const [, stem, suffix] = /^(.+)(_[a-z]+)$/s.exec(family.name) ?? [];
    const other = this.#families.get(stem)?.family;
    if (other !== undefined && SUFFIXES[other.type]?.includes(suffix)) {
      return `it collides with ${other.type} ${quote(stem)}: rename one of them`;
    }
    return undefined;
  }

  #addMetric(metric: Metric, { family, metrics, seen }: OpenFamily): void {
    const key = `${metric.timestampMs ?? ""}\u0000${metric.labels.key()}`;
    const reason = unfitMetric(metric, family.type) ??
      (seen.has(key) ? "it was collected before" : undefined);
    if (reason !== undefined) {
      this.errors.push(new Error(`Cannot expose metric ${quote(family.name)}${metric.labels}: ${reason}`));
      return;
    }
    seen.add(key);
    metrics.push(metric);
  }
}

function contradiction(family: MetricFamily, known: MetricFamily): string | undefined {
  for (const field of ["type", "help", "unit"] as const) {
    const found = family[field] ?? "", wanted = known[field] ?? "";
    if (found !== wanted) {
      return `it has ${field} ${quote(found)} here and ${quote(wanted)} elsewhere: make them equal`;
    }
  }
  return undefined;
}

function unfitMetric(metric: Metric, type: MetricType): string | undefined {
  const payload = type === "summary" ? "summary" : /histogram$/.test(type) ? "histogram" : "value";
  if (metric[payload] === undefined) return `a ${type} needs a ${payload}, found none`;
  const { pairs } = metric.labels;
  for (let i = 0; i < pairs.length; i += 2) {
    const label = pairs[i];
    if (!label.isWellFormed() || !pairs[i + 1].isWellFormed()) {
      return `label ${quote(label)} is not valid UTF-8`;
    }
    const reserved = label === METRIC_NAME || label === "" || (label === "quantile" && type === "summary") ||
      (label === "le" && payload === "histogram");
    if (reserved) return `a ${type} cannot have a label ${quote(label)}`;
  }
  return undefined;
}

function compareMetrics(a: Metric, b: Metric): number {
  return compareLabels(a.labels, b.labels) || (a.timestampMs ?? 0) - (b.timestampMs ?? 0);
}
