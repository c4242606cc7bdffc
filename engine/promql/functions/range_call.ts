import { METRIC_NAME } from "../../labels/labels.ts";
import type { MatrixSelector } from "../ast.ts";
import type { Span } from "../position.ts";
import type { RangeSeries, RangeVector } from "../value.ts";
import type { FunctionCall } from "./registry.ts";

/** The range vector among the arguments. */
export function rangeArgument({ args, node }: FunctionCall): RangeVector {
  for (const arg of args) if (arg.type === "matrix") return arg.range;
  throw new TypeError(`BUG: ${node.func.name}() was called without a range vector`);
}

/** Where annotations of range functions point to: the first argument, whichever it is. */
export function firstArgumentSpan({ node }: FunctionCall): Span {
  return node.args[0]!.span;
}

export function metricName({ labels }: RangeSeries): string {
  return labels.get(METRIC_NAME);
}

/** The range selector with `anchored` or `smoothed`, if the call has one. */
export function extendedSelector({ node }: FunctionCall): MatrixSelector | undefined {
  const arg = node.args[0];
  if (arg?.kind !== "matrixSelector") return undefined;
  return arg.selector.isAnchored || arg.selector.isSmoothed ? arg : undefined;
}

/** Number of samples in the windows of a step. */
export function floatsAt({ floats }: RangeSeries, step: number): number {
  return floats === undefined ? 0 : floats.windows.to[step]! - floats.windows.from[step]!;
}

export function histogramsAt({ histograms }: RangeSeries, step: number): number {
  return histograms === undefined ? 0 : histograms.windows.to[step]! - histograms.windows.from[step]!;
}
