import { Labels, METRIC_NAME, quote } from "../labels/labels.ts";

/** What a metric is called and how its series are labelled; the same for all its series. */
export interface DescOptions<Label extends string = string> {
  /** Name as exposed, a counter's with its `_total`. Any UTF-8 text; `[a-zA-Z_:][a-zA-Z0-9_:]*` reads best. */
  readonly name: string;
  readonly help: string;
  /** Base unit such as `seconds`; the name must end in it (before `_total`). */
  readonly unit?: string;
  /** Labels that tell the series of the metric apart, in the order in which `labels(...)` takes their values. */
  readonly labelNames?: readonly Label[];
  /** Labels that every series of the metric carries. */
  readonly constLabels?: Readonly<Record<string, string>>;
}

/** A checked description of a metric. */
export class Desc {
  readonly name: string;
  readonly help: string;
  readonly unit: string;
  readonly labelNames: readonly string[];
  readonly constLabels: Labels;

  /**
   * @param reserved Label names that the metric's type keeps for itself, such as `le`.
   * @throws {RangeError} If a name is not allowed or occurs twice.
   */
  constructor(options: DescOptions, reserved: readonly string[] = []) {
    this.name = options.name;
    this.help = options.help;
    this.unit = options.unit ?? "";
    this.labelNames = [...options.labelNames ?? []];
    checkMetricName(this.name);
    if (typeof this.help !== "string") {
      throw new TypeError(
        `Help of metric ${quote(this.name)} is missing: say in a sentence what it measures`,
      );
    }
    const stem = this.name.endsWith("_total") ? this.name.slice(0, -"_total".length) : this.name;
    if (this.unit !== "" && !stem.endsWith("_" + this.unit)) {
      throw new RangeError(
        `Metric ${quote(this.name)} has unit ${quote(this.unit)} but does not end in it: ` +
          `name it ${quote(`${stem}_${this.unit}${this.name.slice(stem.length)}`)}`,
      );
    }
    const constLabels = Object.entries(options.constLabels ?? {});
    const seen = new Set<string>();
    for (const name of [...this.labelNames, ...constLabels.map(([name]) => name)]) {
      checkLabelName(name, this.name, reserved);
      if (seen.has(name)) {
        throw new RangeError(`Label ${quote(name)} of metric ${quote(this.name)} occurs twice: name it once`);
      }
      seen.add(name);
    }
    for (const [name, value] of constLabels) checkLabelValue(value, name, this.name);
    this.constLabels = Labels.from(constLabels);
  }

  /**
   * The label set of the series with these values of `labelNames`, one for each, constant labels included.
   * @throws {TypeError} If a value is not a string of whole characters.
   */
  labelsOf(values: readonly string[]): Labels {
    const { labelNames, name } = this;
    values.forEach((value, i) => checkLabelValue(value, labelNames[i], name));
    return Labels.from([
      ...this.constLabels,
      ...labelNames.map((label, i): [string, string] => [label, values[i]]),
    ]);
  }
}

/** @throws {RangeError} If `name` is empty or not well-formed text. */
export function checkMetricName(name: string): void {
  if (typeof name !== "string" || name === "" || !name.isWellFormed()) {
    throw new RangeError(`Metric name ${quote(String(name))} is empty or not valid UTF-8: choose another`);
  }
}

function checkLabelName(label: string, metric: string, reserved: readonly string[]): void {
  const of = `Label name ${quote(String(label))} of metric ${quote(metric)}`;
  if (typeof label !== "string" || label === "" || !label.isWellFormed()) {
    throw new RangeError(`${of} is empty or not valid UTF-8: choose another`);
  }
  if (label.startsWith("__")) {
    const hint = label === METRIC_NAME ? "set the metric's name" : "drop the underscores";
    throw new RangeError(`${of} begins with "__", which is kept for internal use: ${hint}`);
  }
  if (reserved.includes(label)) {
    throw new RangeError(`${of} is set by the metric itself: choose another`);
  }
}

function checkLabelValue(value: string, label: string, metric: string): void {
  if (typeof value === "string" && value.isWellFormed()) return;
  throw new TypeError(
    `Value of label ${quote(label)} of metric ${quote(metric)} is ` +
      `${typeof value === "string" ? "not valid UTF-8" : `of type ${typeof value}`}: give a string`,
  );
}
