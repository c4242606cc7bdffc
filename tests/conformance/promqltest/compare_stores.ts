import type { Engine, EvaluatingQueryable } from "../../../engine/promql/engine.ts";
import type { QueryResult, QueryValue } from "../../../engine/promql/query_result.ts";
import { ExpectationError, type Found, matrixOf, show, vectorOf } from "./expectations.ts";
import { almostEqual, histogramsMatch } from "./histogram_match.ts";
import type { EvalCommand } from "./script.ts";

/** What came of a query: a result, or why there is none. */
type Outcome = QueryResult | Error;

/**
 * Evaluates what a script evaluates on two stores with the same samples. Expected results do not matter here, so that
 * the engine may have other features than the script is for.
 * @throws {ExpectationError} If the outcomes differ by more than rounding.
 */
export async function compareStores(
  engine: Engine,
  { query, isRange, instantOnly, startMs, endMs, stepMs }: EvalCommand,
  store: EvaluatingQueryable,
  reference: EvaluatingQueryable,
): Promise<void> {
  const compare = async (kind: string, evaluate: (store: EvaluatingQueryable) => Promise<QueryResult>) => {
    const [found, wanted] = await Promise.all(
      [store, reference].map((one) => outcomeOf(() => evaluate(one))),
    );
    const difference = differenceOf(found, wanted);
    if (difference !== undefined) throw new ExpectationError(`${difference} (as ${kind} on another store)`);
  };
  if (isRange) {
    await compare("a range query", (one) => engine.range(one, query, startMs, endMs, stepMs));
    return;
  }
  await compare("an instant query", (one) => engine.instant(one, query, endMs));
  if (instantOnly) return;
  const around = [endMs - STEP_MS, endMs + STEP_MS, STEP_MS] as const;
  await compare("a range query", (one) => engine.range(one, query, ...around));
}

const STEP_MS = 60_000;

async function outcomeOf(evaluate: () => Promise<QueryResult>): Promise<Outcome> {
  try {
    return await evaluate();
  } catch (error) {
    return error as Error;
  }
}

function differenceOf(found: Outcome, wanted: Outcome): string | undefined {
  if (found instanceof Error || wanted instanceof Error) {
    const [here, there] = [found, wanted].map((one) => one instanceof Error ? one.message : "a result");
    return here === there ? undefined : `expected ${there}, found ${here}`;
  }
  for (const level of ["warnings", "infos"] as const) {
    const [here, there] = [found, wanted].map((one) => one[level].toSorted().join("; "));
    if (here !== there) return `expected ${level} "${there}", found "${here}"`;
  }
  return differenceOfValues(found.value, wanted.value);
}

function differenceOfValues(found: QueryValue, wanted: QueryValue): string | undefined {
  if (found.type === "string" && wanted.type === "string") {
    return found.text === wanted.text ? undefined : `expected "${wanted.text}", found "${found.text}"`;
  }
  const here = samplesOf(found), there = samplesOf(wanted);
  for (const [place, sample] of there) {
    const other = here.get(place);
    if (other === undefined || !isEqual(other, sample)) {
      return `expected ${show(sample)} for ${place}, found ${other === undefined ? "nothing" : show(other)}`;
    }
  }
  for (const [place, sample] of here) {
    if (!there.has(place)) return `expected nothing for ${place}, found ${show(sample)}`;
  }
}

function isEqual(a: Found, b: Found): boolean {
  if (typeof a === "number" || typeof b === "number") {
    return typeof a === "number" && typeof b === "number" && almostEqual(a, b);
  }
  return histogramsMatch(b, a, true);
}

/** All samples by series and time. */
function samplesOf(value: QueryValue): Map<string, Found> {
  switch (value.type) {
    case "string":
      return new Map();
    case "scalar":
      return new Map([["the scalar", value.value]]);
    case "vector":
      return new Map(vectorOf(value).map(({ labels, sample }) => [String(labels), sample]));
    case "matrix":
      return new Map(
        matrixOf(value).flatMap(({ labels, samples }) =>
          [...samples].map(([timeMs, sample]) => [`${labels} at ${timeMs} ms`, sample] as const)
        ),
      );
  }
}
