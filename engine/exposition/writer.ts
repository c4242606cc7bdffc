import { isLegacyLabelName, isLegacyMetricName, type Labels } from "../labels/labels.ts";
import { escapeName, type EscapingScheme } from "../labels/names.ts";
import { formatG, formatOpenMetrics } from "../go_float.ts";
import type { Exemplar, Metric, MetricFamily, MetricType } from "./metric_family.ts";
import type { TextFormat } from "./negotiation.ts";
import { present } from "./present.ts";

export interface WriteOptions {
  readonly format: TextFormat;
  /** How to write names that older readers do not know. */
  readonly escaping: EscapingScheme;
  /** Whether OpenMetrics gets `_created` lines. */
  readonly createdLines?: boolean;
}

/**
 * Writes metric families as the body of a response; native histograms, which text cannot hold, are left out of it.
 * @throws {TypeError} If a metric lacks the value, histogram or summary that its family's type asks for.
 */
export function writeExposition(families: Iterable<MetricFamily>, options: WriteOptions): string {
  const writer = options.format.startsWith("openmetrics")
    ? new OpenMetricsWriter(options)
    : new TextWriter(options);
  for (const family of families) writer.family(family);
  return writer.end();
}

/** What a sample line holds beside its name. */
interface Sample {
  readonly labels: Labels;
  readonly value: string;
  /** An additional label, written last. */
  readonly part?: readonly [name: "le" | "quantile", value: number];
  readonly timestampMs?: number;
  readonly exemplar?: Exemplar;
}

/** The text format; `OpenMetricsWriter` overrides what differs. */
class TextWriter {
  protected readonly lines: string[] = [];
  protected readonly options: WriteOptions;

  constructor(options: WriteOptions) {
    this.options = options;
  }

  family(family: MetricFamily): void {
    const name = escapeName(family.name, this.options.escaping);
    this.head(name, family);
    for (const metric of family.metrics) {
      if (family.type === "summary") this.summary(name, metric);
      else if (family.type === "histogram" || family.type === "gaugehistogram") {
        this.histogram(name, metric, family.type);
      } else this.single(name, metric, family.type);
    }
  }

  end(): string {
    return this.lines.map((line) => line + "\n").join("");
  }

  protected head(name: string, { help, type }: MetricFamily): void {
    if (help !== "") this.lines.push(`# HELP ${quotedName(name)} ${help.replace(/[\\\n]/g, escapeChar)}`);
    this.lines.push(`# TYPE ${quotedName(name)} ${TEXT_TYPES[type] ?? type}`);
  }

  protected number(value: number): string {
    return value === 0 ? "0" : formatG(value); // upstream drops the sign of zero
  }

  /** A count of observations. */
  protected integer(value: number): string {
    return this.number(value);
  }

  protected timestamp(ms: number): string {
    return String(Math.trunc(ms));
  }

  /** Suffixes of the sum and the count of a histogram. */
  protected totals(_type: MetricType): readonly [sum: string, count: string] {
    return ["_sum", "_count"];
  }

  protected exemplarOf(_exemplar: Exemplar): string {
    return "";
  }

  protected created(_name: string, _metric: Metric, _type: MetricType): void {}

  protected sample(name: string, { labels, value, part, timestampMs, exemplar }: Sample): void {
    const time = timestampMs === undefined ? "" : " " + this.timestamp(timestampMs);
    const tail = exemplar === undefined ? "" : this.exemplarOf(exemplar);
    this.lines.push(`${this.series(name, labels, part)} ${value}${time}${tail}`);
  }

  protected series(name: string, labels: Labels, part?: Sample["part"]): string {
    const pairs = Array.from(labels, ([label, value]) => this.pair(label, value));
    if (part !== undefined) pairs.push(this.pair(part[0], this.number(part[1])));
    const inside = name !== "" && !isLegacyMetricName(name);
    if (inside) pairs.unshift(quotedName(name));
    return (inside ? "" : name) + (pairs.length > 0 ? `{${pairs.join(",")}}` : "");
  }

  protected pair(label: string, value: string): string {
    const name = escapeName(label, this.options.escaping);
    return `${isLegacyLabelName(name) ? name : quoted(name)}=${quoted(value)}`;
  }

  protected single(name: string, metric: Metric, type: MetricType): void {
    const { labels, timestampMs, exemplar } = metric;
    const value = this.number(present(metric.value, "value", name));
    this.sample(name, { labels, value, timestampMs, exemplar: type === "counter" ? exemplar : undefined });
    this.created(name, metric, type);
  }

  protected summary(name: string, metric: Metric): void {
    const { labels, timestampMs } = metric;
    const { count, sum, quantiles } = present(metric.summary, "summary", name);
    for (const { quantile, value } of quantiles) {
      this.sample(name, { labels, part: ["quantile", quantile], value: this.number(value), timestampMs });
    }
    this.sample(name + "_sum", { labels, value: this.number(sum), timestampMs });
    this.sample(name + "_count", { labels, value: this.integer(count), timestampMs });
    this.created(name, metric, "summary");
  }

  protected histogram(name: string, metric: Metric, type: MetricType): void {
    const { labels, timestampMs } = metric;
    const { count, sum, buckets } = present(metric.histogram, "histogram", name);
    const last = buckets.at(-1)?.upperBound === Infinity ? [] : [{ upperBound: Infinity, count }];
    for (const bucket of [...buckets, ...last] as typeof buckets) {
      const value = this.integer(bucket.count);
      const { upperBound, exemplar } = bucket;
      this.sample(name + "_bucket", { labels, part: ["le", upperBound], value, timestampMs, exemplar });
    }
    const [sumSuffix, countSuffix] = this.totals(type);
    this.sample(name + sumSuffix, { labels, value: this.number(sum), timestampMs });
    this.sample(name + countSuffix, { labels, value: this.integer(count), timestampMs });
    this.created(name, metric, type);
  }
}

class OpenMetricsWriter extends TextWriter {
  override end(): string {
    return super.end() + "# EOF\n";
  }

  protected override head(name: string, { help, type, unit }: MetricFamily): void {
    // A counter without "_total" would not be valid OpenMetrics.
    const nameless = NAME_SUFFIXES[type] !== undefined && !name.endsWith(NAME_SUFFIXES[type]);
    const family = quotedName(familyOf(name, type));
    if (help !== "") this.lines.push(`# HELP ${family} ${help.replace(/[\\\n"]/g, escapeChar)}`);
    this.lines.push(`# TYPE ${family} ${nameless ? "unknown" : type}`);
    if (unit && familyOf(name, type).endsWith("_" + unit)) this.lines.push(`# UNIT ${family} ${unit}`);
  }

  protected override number(value: number): string {
    return formatOpenMetrics(value);
  }

  protected override integer(value: number): string {
    return Number.isInteger(value) ? BigInt(value).toString() : formatOpenMetrics(value);
  }

  protected override timestamp(ms: number): string {
    return formatOpenMetrics(ms / 1000);
  }

  protected override totals(type: MetricType): readonly [sum: string, count: string] {
    return type === "gaugehistogram" ? ["_gsum", "_gcount"] : super.totals(type);
  }

  protected override exemplarOf({ labels, value, timestampMs }: Exemplar): string {
    const pairs = Array.from(labels, ([label, text]) => this.pair(label, text)).join(",");
    const time = timestampMs === undefined ? "" : " " + this.timestamp(timestampMs);
    return ` # {${pairs}} ${this.number(value)}${time}`;
  }

  protected override created(name: string, metric: Metric, type: MetricType): void {
    if (!this.options.createdLines || metric.createdMs === undefined || !CREATED_TYPES.has(type)) return;
    if (type === "counter" && !name.endsWith("_total")) return; // written as unknown, which has none
    const value = formatOpenMetrics(metric.createdMs / 1000);
    this.sample(familyOf(name, type) + "_created", { labels: metric.labels, value });
  }
}

/** What the text format calls types that it does not have. */
const TEXT_TYPES: Readonly<Partial<Record<MetricType, string>>> = {
  unknown: "untyped",
  gaugehistogram: "histogram",
  info: "gauge",
  stateset: "gauge",
};
/** Suffixes that `MetricFamily.name` has and OpenMetrics' family name has not. */
const NAME_SUFFIXES: Readonly<Partial<Record<MetricType, string>>> = { counter: "_total", info: "_info" };
const CREATED_TYPES: ReadonlySet<MetricType> = new Set<MetricType>(["counter", "histogram", "summary"]);

function familyOf(name: string, type: MetricType): string {
  const suffix = NAME_SUFFIXES[type];
  return suffix !== undefined && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
}

function quotedName(name: string): string {
  return isLegacyMetricName(name) ? name : quoted(name);
}

function quoted(text: string): string {
  return `"${text.replace(/[\\\n"]/g, escapeChar)}"`;
}

function escapeChar(char: string): string {
  return char === "\n" ? "\\n" : "\\" + char;
}
