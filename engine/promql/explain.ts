import type { Expr } from "./ast.ts";
import { inputsOf, type Plan, type PlanNode, type Selection } from "./plan.ts";
import { print } from "./print.ts";
import { histogramSize } from "./sample_account.ts";
import type { Steps, Value } from "./value.ts";

/** One operator of a plan, and what it did if the query was run. */
export interface OperatorReport {
  readonly operator: PlanNode["kind"];
  /** The part of the query that it evaluates; "…" once a report has more text than `TEXT_MAX`. */
  readonly expr: string;
  /** Which of the plan's selects it is answered from. */
  readonly select?: number;
  /** It is evaluated, with all below it, by the shards; unless they find that they cannot. */
  readonly isPushedDown?: true;
  /** Those below `LEVELS_MAX` levels are left out. */
  readonly inputs: readonly OperatorReport[];
  readonly measured?: OperatorMeasurement;
}

export interface OperatorMeasurement {
  readonly steps: number;
  /** Series of the result. */
  readonly series: number;
  /** Samples of the result; of a range vector, those in all windows, each counted once per window. */
  readonly samples: number;
  /** Of the result's columns; those of a range vector, which are the store's, not counted. */
  readonly bytes: number;
  /** Of the operator itself and of those below it, in ms. */
  readonly totalMs: number;
}

export interface SelectReport {
  readonly matchers: string;
  /** Both inclusive, ms since the Unix epoch. */
  readonly startMs: number;
  readonly endMs: number;
}

export interface PlanReport {
  readonly root: OperatorReport;
  readonly selects: readonly SelectReport[];
}

/** Measures operators while they are evaluated, a part of the steps at a time where these are very many. */
export class PlanRecorder {
  readonly #measured = new Map<PlanNode, OperatorMeasurement>();

  readonly observe = (node: PlanNode, steps: Steps, value: Value, totalMs: number): void => {
    const { series, samples, bytes } = sizeOf(value);
    const before = this.#measured.get(node);
    this.#measured.set(node, {
      steps: steps.count + (before?.steps ?? 0),
      series: Math.max(series, before?.series ?? 0),
      samples: samples + (before?.samples ?? 0),
      bytes: Math.max(bytes, before?.bytes ?? 0),
      totalMs: totalMs + (before?.totalMs ?? 0),
    });
  };

  measured(node: PlanNode): OperatorMeasurement | undefined {
    return this.#measured.get(node);
  }
}

function sizeOf(value: Value): Pick<OperatorMeasurement, "series" | "samples" | "bytes"> {
  switch (value.type) {
    case "string":
      return { series: 1, samples: 1, bytes: value.text.length };
    case "scalar":
      return { series: 1, samples: value.values.length, bytes: value.values.byteLength };
    case "vector": {
      let samples = 0, bytes = 0;
      for (const { present, values, histograms } of value.series) {
        for (const kind of present) if (kind !== 0) samples++;
        bytes += values.byteLength + present.byteLength;
        for (const histogram of histograms ?? []) {
          if (histogram !== undefined) bytes += 16 * histogramSize(histogram);
        }
      }
      return { series: value.series.length, samples, bytes };
    }
    case "matrix": {
      let samples = 0;
      for (const { floats, histograms } of value.range.series) {
        for (const run of [floats, histograms]) {
          run?.windows.from.forEach((from, step) => samples += run.windows.to[step]! - from);
        }
      }
      return { series: value.range.series.length, samples, bytes: 0 };
    }
  }
}

/** Characters: of a long query, every level of its tree would repeat most. */
const TEXT_MAX = 1 << 20;

/** Levels of a plan that a report shows: what writes or reads it may recurse. */
const LEVELS_MAX = 500;

/** The plan as a tree of plain objects. */
export function describePlan(
  { root, selections }: Plan,
  recorder?: PlanRecorder,
  isPushedDown: (node: PlanNode) => boolean = () => false,
): PlanReport {
  let room = TEXT_MAX;
  const textOf = (expr: Expr): string => {
    if (room <= 0) return "…";
    const text = print(expr);
    room -= text.length;
    return text;
  };
  const numbers = new Map(selections.map((selection, i) => [selection, i]));
  const describe = (node: PlanNode, level: number): OperatorReport => ({
    operator: node.kind,
    expr: textOf(node.expr),
    ...("selection" in node ? { select: numbers.get(node.selection) } : {}),
    ...(isPushedDown(node) ? { isPushedDown: true } : {}),
    inputs: level < LEVELS_MAX ? inputsOf(node).map((input) => describe(input, level + 1)) : [],
    measured: recorder?.measured(node),
  });
  return { root: describe(root, 1), selects: selections.map(describeSelect) };
}

function describeSelect({ matchers, startMs, endMs }: Selection): SelectReport {
  return { matchers: `{${matchers.map(String).join(",")}}`, startMs, endMs };
}
