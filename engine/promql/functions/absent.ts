import { Labels, METRIC_NAME } from "../../labels/labels.ts";
import type { Expr } from "../ast.ts";
import { FLOAT, type InstantSeries, newSeries, NONE, type Vector } from "../value.ts";
import { type FunctionCall, type FunctionTable, vectorArgument } from "./registry.ts";

/** 1 at the steps where the argument has nothing. */
export const ABSENT_FUNCTIONS: FunctionTable = {
  absent: { kind: "vector", evaluate: absent },
  absent_over_time: { kind: "vector", evaluate: absentOverTime },
};

function absent(call: FunctionCall): Vector {
  const out = everywhere(call);
  for (const { present } of vectorArgument(call, 0)) {
    for (let step = 0; step < present.length; step++) if (present[step] !== NONE) out.present[step] = NONE;
  }
  return [out];
}

function absentOverTime(call: FunctionCall): Vector {
  const out = everywhere(call);
  const [argument] = call.args;
  if (argument.type !== "matrix") throw new TypeError("BUG: absent_over_time() takes a range vector");
  for (const { floats, histograms } of argument.range.series) {
    for (const samples of [floats, histograms]) {
      if (samples === undefined) continue;
      const { from, to } = samples.windows;
      for (let step = 0; step < out.present.length; step++) {
        if (from[step] < to[step]) out.present[step] = NONE;
      }
    }
  }
  return [out];
}

function everywhere({ node, steps }: FunctionCall): InstantSeries {
  const out = newSeries(labelsOfAbsent(node.args[0]), false, steps);
  out.values.fill(1);
  out.present.fill(FLOAT);
  return out;
}

/**
 * The labels that a selector fixes: those with `=` and no further matcher. Nothing for other expressions. The matchers
 * are taken in order, so that a later `=` for a label without one counts, even behind another matcher.
 */
function labelsOfAbsent(expr: Expr): Labels {
  const selector = expr.kind === "matrixSelector" ? expr.selector : expr;
  if (selector.kind !== "vectorSelector") return Labels.empty;
  const found = new Map<string, string>();
  const seen = new Set<string>();
  for (const { name, type, value } of selector.matchers) {
    if (name === METRIC_NAME) continue;
    if (type === "=" && !seen.has(name)) {
      found.set(name, value);
      seen.add(name);
    } else {
      found.delete(name);
    }
  }
  return Labels.from(found);
}
