import type { CounterResetHint } from "./float_histogram.ts";

/**
 * What is known of resets once two histograms are added: a gauge makes the result a gauge, otherwise whatever
 * is not known of both is unknown.
 */
export function combineHints(a: CounterResetHint, b: CounterResetHint): CounterResetHint {
  if (a === b) return a;
  return a === "gauge" || b === "gauge" ? "gauge" : "unknown";
}
