import type { Matcher } from "../labels/matcher.ts";
import { fixedTime, inputsOf, type Plan, type PlanNode, type Selection } from "./plan.ts";
import { unlessAborted } from "./query_queue.ts";
import type { Steps } from "./value.ts";

/** What a query reads from the store. */
export interface QueryCost {
  /** Series of all selects, counted once per select. */
  readonly seriesTouched: number;
  /** Samples, each counted once as windows slide over it. */
  readonly samplesRead: number;
  /** Whether `info()` will read more, which only its evaluation tells. */
  readonly isIncomplete: boolean;
}

/** What an estimate is made from. */
export interface CostSource {
  /** Number of series with a sample from `startMs` to `endMs`, both inclusive. */
  countSeries(
    request: { readonly matchers: readonly Matcher[]; readonly startMs: number; readonly endMs: number },
  ): Promise<number>;
  /** Distance of neighbouring samples of a series in ms, above 0. */
  readonly sampleIntervalMs: number;
}

export interface EstimateOptions {
  subqueryStepMs(rangeMs: number): number;
  readonly source: CostSource;
  /** Ends the estimate, though not what the source has begun. */
  readonly signal?: AbortSignal;
}

/**
 * Estimates a plan without reading samples; too high where series have gaps, too low where `info()` selects more.
 * @throws {QueryTimeoutError|QueryCanceledError} If `signal` is aborted first.
 */
export async function estimateCost(
  { root, selections }: Plan,
  steps: Steps,
  { subqueryStepMs, source, signal }: EstimateOptions,
): Promise<QueryCost> {
  const counting = Promise.all(
    selections.map(({ matchers, startMs, endMs }) => source.countSeries({ matchers, startMs, endMs })),
  );
  const counts = await unlessAborted(counting, signal, "cost estimation");
  const seriesOf = new Map<Selection, number>(selections.map((selection, i) => [selection, counts[i]!]));
  const perSeries = samplesPerSeries(root, steps, subqueryStepMs, source.sampleIntervalMs);
  let samplesRead = 0;
  for (const [selection, samples] of perSeries) samplesRead += seriesOf.get(selection)! * samples;
  return {
    seriesTouched: counts.reduce((sum, count) => sum + count, 0),
    samplesRead: Math.round(samplesRead),
    isIncomplete: callsInfo(root),
  };
}

function callsInfo(root: PlanNode): boolean {
  const waiting = [root];
  for (let node; (node = waiting.pop());) {
    if (node.kind === "call" && node.expr.func.name === "info") return true;
    for (const input of inputsOf(node)) waiting.push(input);
  }
  return false;
}

/** Samples that each selector below `root` reads of one series. */
function samplesPerSeries(
  root: PlanNode,
  rootSteps: Steps,
  subqueryStepMs: (rangeMs: number) => number,
  intervalMs: number,
): (readonly [Selection, number])[] {
  const samples: (readonly [Selection, number])[] = [];
  const waiting = [{ node: root, steps: rootSteps }];
  for (let next; (next = waiting.pop());) {
    const { node, steps } = next;
    if (node.kind === "select") samples.push([node.selection, steps.count]);
    if (node.kind === "windows") {
      const { rangeMs } = node.expr;
      const slides = fixedTime(node.expr.selector) === undefined ? steps.count - 1 : 0;
      samples.push([node.selection, (rangeMs + slides * Math.min(steps.stepMs, rangeMs)) / intervalMs]);
    }
    const inner = stepsInside(node, steps, subqueryStepMs);
    for (const input of inputsOf(node)) waiting.push({ node: input, steps: inner });
  }
  return samples;
}

/** The steps at which the inputs of `node` are evaluated. */
function stepsInside(node: PlanNode, steps: Steps, subqueryStepMs: (rangeMs: number) => number): Steps {
  switch (node.kind) {
    case "subquery": {
      const { rangeMs } = node.expr;
      const stepMs = node.expr.stepMs === 0 ? subqueryStepMs(rangeMs) : node.expr.stepMs;
      const slides = fixedTime(node.expr) === undefined ? steps.count - 1 : 0;
      const count = Math.max(1, Math.floor((rangeMs + slides * steps.stepMs) / stepMs));
      return { ...steps, stepMs, count };
    }
    case "once":
      return { ...steps, count: 1 };
    default:
      return steps;
  }
}
