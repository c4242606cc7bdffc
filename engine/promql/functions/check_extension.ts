import type { Call } from "../ast.ts";
import { ExecutionError } from "../query_errors.ts";

const ANCHORED_FUNCTIONS = ["changes", "delta", "increase", "rate", "resets"];
const SMOOTHED_FUNCTIONS = ["delta", "increase", "rate"];

/** @throws {ExecutionError} If the function cannot work on the windows of an anchored or smoothed range. */
export function checkExtension(call: Call): void {
  for (const arg of call.args) {
    if (arg.kind !== "matrixSelector") continue;
    const { isAnchored, isSmoothed } = arg.selector;
    if (!isAnchored && !isSmoothed) continue;
    const [modifier, allowed] = isAnchored
      ? ["anchored", ANCHORED_FUNCTIONS]
      : ["smoothed", SMOOTHED_FUNCTIONS];
    const { name } = call.func;
    if (allowed.includes(name)) continue;
    throw new ExecutionError(
      `${modifier} modifier can only be used with: ${allowed.join(", ")} - not with ${name}`,
    );
  }
}
