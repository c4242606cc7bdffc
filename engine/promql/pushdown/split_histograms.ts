import type { VectorSelector } from "../ast.ts";
import type { PlanNode } from "../plan.ts";
import { type FragmentEvaluator, fragmentSelector, operatorsIn } from "./fragment.ts";

/** How long a metric whose buckets were found in several parts is taken to be so. */
const RETRY_MS = 10 * 60_000;
/** Metrics that are remembered of each evaluator. */
const METRICS_MAX = 1_000;

/** By metric, until when its quantiles are not left to the parts. */
const untilMs = new WeakMap<FragmentEvaluator, Map<string, number>>();

/** Notes that parts could not evaluate `node`. Buckets that were put into several parts mostly stay there. */
export function noteSplit(evaluator: FragmentEvaluator, node: PlanNode, nowMs: number): void {
  const selector = bucketSelector(node);
  if (selector === undefined) return;
  const metrics = untilMs.get(evaluator) ?? new Map<string, number>();
  if (metrics.size >= METRICS_MAX) metrics.clear();
  metrics.set(metricOf(selector), nowMs + RETRY_MS);
  untilMs.set(evaluator, metrics);
}

/** Whether parts would likely evaluate `node` in vain. */
export function isSplit(evaluator: FragmentEvaluator, node: PlanNode, nowMs: number): boolean {
  const metrics = untilMs.get(evaluator);
  const selector = metrics && bucketSelector(node);
  return selector !== undefined && nowMs < (metrics!.get(metricOf(selector)) ?? -Infinity);
}

/** What a fragment that takes buckets of classic histograms reads. */
function bucketSelector(node: PlanNode): VectorSelector | undefined {
  const takesBuckets = operatorsIn(node).some((operator) =>
    operator.kind === "call" && operator.implementation.kind === "vector" &&
    operator.implementation.ofBuckets !== undefined
  );
  return takesBuckets ? fragmentSelector(node, false) : undefined;
}

function metricOf({ name, matchers }: VectorSelector): string {
  return name === "" ? matchers.join() : name;
}
