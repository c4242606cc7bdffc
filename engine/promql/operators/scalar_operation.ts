import type { Annotations } from "../annotations.ts";
import type { Binary } from "../ast.ts";
import { changesMeaning, isComparison } from "../binary_operation.ts";
import { FLOAT, HISTOGRAM, type InstantSeries, NONE, type ScalarColumn, setHistogram } from "../value.ts";
import { calculateColumns, compareColumns } from "./column_operation.ts";
import { operateOnElements, StepIssues } from "./element_operation.ts";

/** Whether the result of an operator with a scalar is another metric, so that the name goes. */
export function changesIdentity({ op, returnsBool }: Pick<Binary, "op" | "returnsBool">): boolean {
  return changesMeaning(op) || returnsBool;
}

/** An operator between the elements of one series after the other and a scalar. */
export class ScalarOperation {
  readonly #expr: Binary;
  readonly #scalar: ScalarColumn;
  readonly #isScalarLeft: boolean;
  /** By step: whether a comparison holds. */
  readonly #holds: Uint8Array;
  readonly #issues = new StepIssues();

  constructor(expr: Binary, scalar: ScalarColumn, isScalarLeft: boolean) {
    this.#expr = expr;
    this.#scalar = scalar;
    this.#isScalarLeft = isScalarLeft;
    this.#holds = new Uint8Array(isComparison(expr.op) ? scalar.length : 0);
  }

  /** Writes the result to all of `out`, which may be `series` itself. */
  apply(series: InstantSeries, out: InstantSeries): void {
    const { op } = this.#expr;
    if (series.histograms !== undefined || op === "</" || op === ">/") this.#operateOnElements(series, out);
    else if (isComparison(op)) this.#compare(series, out);
    else this.#calculate(series, out);
  }

  /** Remarks on all series that it was applied to. */
  report(annotations: Annotations): void {
    const { op, span } = this.#expr;
    this.#issues.report(annotations, op, span);
  }

  #calculate({ values, present }: InstantSeries, out: InstantSeries): void {
    const { op } = this.#expr;
    if (this.#isScalarLeft) calculateColumns(op, this.#scalar, values, out.values);
    else calculateColumns(op, values, this.#scalar, out.values);
    if (out.present !== present) out.present.set(present);
  }

  /** A filter keeps the value of the vector, whichever side it is on. */
  #compare({ values, present }: InstantSeries, out: InstantSeries): void {
    const { op, returnsBool } = this.#expr, holds = this.#holds;
    if (this.#isScalarLeft) compareColumns(op, this.#scalar, values, holds);
    else compareColumns(op, values, this.#scalar, holds);
    if (returnsBool) {
      out.values.set(holds);
      if (out.present !== present) out.present.set(present);
      return;
    }
    if (out.values !== values) out.values.set(values);
    for (let step = 0; step < holds.length; step++) {
      out.present[step] = holds[step] === 1 ? present[step]! : NONE;
    }
  }

  #operateOnElements(series: InstantSeries, out: InstantSeries): void {
    const { op, returnsBool } = this.#expr;
    const { values, present, histograms } = series;
    for (let step = 0; step < present.length; step++) {
      const kind = present[step]!;
      out.present[step] = NONE;
      if (kind === NONE) continue;
      const element = kind === HISTOGRAM ? histograms![step]! : values[step]!;
      const other = this.#scalar[step]!;
      const { value, holds, issue } = this.#isScalarLeft
        ? operateOnElements(op, other, element)
        : operateOnElements(op, element, other);
      if (value === undefined) {
        this.#issues.note(step, issue);
        continue;
      }
      if (!holds && !returnsBool) continue;
      const kept = returnsBool ? Number(holds) : this.#isScalarLeft && isComparison(op) ? element : value;
      if (typeof kept === "number") {
        out.values[step] = kept;
        out.present[step] = FLOAT;
      } else setHistogram(out, step, kept);
    }
  }
}
