import { Engine, type EngineFeatures } from "../../../engine/promql/engine.ts";
import type { Queryable } from "../../../engine/tsdb/select.ts";
import { atVariants } from "./at_variants.ts";
import { compareStores } from "./compare_stores.ts";
import { checkAnnotations, checkFailure, checkStep, checkValue, ExpectationError } from "./expectations.ts";
import { type EvalCommand, parseScript } from "./script.ts";
import type { ScriptStore } from "./script_store.ts";

/** What upstream's own test switches on for all files. */
const FEATURES: EngineFeatures = {
  enableExperimentalFunctions: true,
  enableExtendedRangeSelectors: true,
  enableBinopFillModifiers: true,
  delayedNameRemoval: true,
  useStartTimestamps: true,
};
const MAX_SAMPLES = 10_000;
const MINUTE_MS = 60_000;

/** One `eval` of a script that did not give what it says. */
export interface Failure {
  readonly line: number;
  readonly query: string;
  readonly reason: string;
}

export interface ScriptResult {
  readonly passed: number;
  readonly failures: readonly Failure[];
}

/**
 * Runs a script of upstream's test language on an emptied store, on after failures.
 * @param reference Another store. With it, everything is also evaluated without delayed removal of names on both, which
 *   have to agree: only then are aggregations left to stores that can evaluate by themselves.
 * @throws {ScriptError} If the script cannot be read.
 */
export async function runScript(
  text: string,
  store: ScriptStore,
  reference?: ScriptStore,
): Promise<ScriptResult> {
  const options = { ...FEATURES, maxSamples: MAX_SAMPLES, now: () => performance.now() };
  const engine = new Engine(options);
  const plainEngine = new Engine({ ...options, delayedNameRemoval: false });
  const stores = reference === undefined ? [store] : [store, reference];
  const clear = () => Promise.all(stores.map((one) => one.clear()));
  await clear();
  let passed = 0;
  const failures: Failure[] = [];
  for (const command of parseScript(text)) {
    if (command.kind === "clear") await clear();
    else if (command.kind === "load") await Promise.all(stores.map((one) => one.load(command)));
    else {
      try {
        if (command.isRange) await evaluateRange(engine, store, command);
        else await evaluateInstant(engine, store, command);
        if (reference !== undefined) await compareStores(plainEngine, command, store, reference);
        passed++;
      } catch (error) {
        const { line, query } = command;
        const reason = error instanceof ExpectationError ? error.message : String((error as Error).stack);
        failures.push({ line, query, reason });
      }
    }
  }
  return { passed, failures };
}

async function evaluateRange(engine: Engine, store: Queryable, command: EvalCommand): Promise<void> {
  const { query, startMs, endMs, stepMs } = command;
  const result = await orFailure(command, () => engine.range(store, query, startMs, endMs, stepMs));
  if (result === undefined) return;
  checkAnnotations(command, result);
  checkValue(command, result.value);
}

/** An instant query has to give the same with its selectors fixed by `@` at other times, and as a step of a range query. */
async function evaluateInstant(engine: Engine, store: Queryable, command: EvalCommand): Promise<void> {
  const { query, endMs } = command;
  const variants = atVariants(query, endMs, FEATURES);
  for (const variant of [{ query, timeMs: endMs }, ...variants]) {
    try {
      await evaluateVariant(engine, store, command, variant);
    } catch (error) {
      if (!(error instanceof ExpectationError)) throw error;
      throw new ExpectationError(`${error.message}\n    in ${variant.query} at ${variant.timeMs} ms`);
    }
  }
}

async function evaluateVariant(
  engine: Engine,
  store: Queryable,
  command: EvalCommand,
  { query, timeMs }: { query: string; timeMs: number },
): Promise<void> {
  const result = await orFailure(command, () => engine.instant(store, query, timeMs));
  if (result === undefined) return;
  checkAnnotations(command, result);
  checkValue(command, result.value);
  const dependsOnWindow = /(start|end|range|step)\(\)/.test(query);
  if (command.instantOnly || dependsOnWindow) return;
  const range = await engine.range(store, query, timeMs - MINUTE_MS, timeMs + MINUTE_MS, MINUTE_MS);
  // A matrix is always sorted by labels, so order cannot be checked.
  if (command.expectations.ordered) return;
  try {
    checkStep(command, range.value, timeMs, result.value.type === "scalar");
  } catch (error) {
    if (!(error instanceof ExpectationError)) throw error;
    throw new ExpectationError(`${error.message} (as a step of a range query)`);
  }
}

/** The result, or undefined where the query failed as expected. */
async function orFailure<T>(command: EvalCommand, query: () => Promise<T>): Promise<T | undefined> {
  let result: T;
  try {
    result = await query();
  } catch (error) {
    checkFailure(command, error as Error);
    return undefined;
  }
  if (command.expectations.fail !== undefined) throw new ExpectationError("expected a failure, found none");
  return result;
}
