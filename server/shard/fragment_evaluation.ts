/**
 * Loads the evaluation of fragments, when one is first asked for: a service that nobody queries has less in memory.
 * Were the specifier a literal, Deno would read the sources at the start.
 */
export async function loadFragmentEvaluation(): Promise<
  typeof import("../../engine/promql/pushdown/evaluate_fragment.ts")
> {
  return await import(new URL("../../engine/promql/pushdown/evaluate_fragment.ts", import.meta.url).href);
}
