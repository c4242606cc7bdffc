import type { Binary } from "../ast.ts";
import { hasSamples, type InstantSeries, NONE, type Vector } from "../value.ts";
import { Turns, type TurnTaker } from "./turns.ts";
import { SIGNATURE_CELLS, signatureOf } from "./vector_matching.ts";

/** `and`, `or` and `unless`. */
export async function setOperation(
  { op, matching }: Binary,
  lhs: Vector,
  rhs: Vector,
  taker: TurnTaker,
): Promise<Vector> {
  const signature = signatureOf(matching!), turns = new Turns(taker);
  const filter = async (vector: Vector, other: Vector, wanted: boolean) =>
    await filterBy(await signaturePresence(other, signature, turns), vector, signature, wanted, turns);
  switch (op) {
    case "and":
      return await filter(lhs, rhs, true);
    case "unless":
      return await filter(lhs, rhs, false);
    case "or":
      if (rhs.length === 0) return lhs;
      return lhs.concat(await filter(rhs, lhs, false));
    default:
      throw new TypeError(`BUG: ${op} is no set operator`);
  }
}

type Signature = (labels: InstantSeries["labels"]) => string;

/** For each signature, the steps at which some series has it. */
async function signaturePresence(
  vector: Vector,
  signature: Signature,
  turns: Turns,
): Promise<Map<string, Uint8Array>> {
  const bySignature = new Map<string, Uint8Array>();
  for (const { labels, present } of vector) {
    const key = signature(labels);
    const known = bySignature.get(key);
    if (known === undefined) bySignature.set(key, present.slice());
    else for (let step = 0; step < known.length; step++) known[step]! |= present[step]!;
    const pause = turns.after(present.length + SIGNATURE_CELLS);
    if (pause !== undefined) await pause;
  }
  return bySignature;
}

/** The samples of `vector` at steps where the other side has their signature, or where it does not. */
async function filterBy(
  others: Map<string, Uint8Array>,
  vector: Vector,
  signature: Signature,
  wanted: boolean,
  turns: Turns,
): Promise<Vector> {
  const result: Vector = [];
  for (const series of vector) {
    const pause = turns.after(series.present.length + SIGNATURE_CELLS);
    if (pause !== undefined) await pause;
    const other = others.get(signature(series.labels));
    if (other === undefined) {
      if (!wanted) result.push(series);
      continue;
    }
    const present = series.present.slice();
    for (let step = 0; step < present.length; step++) {
      if ((other[step] !== NONE) !== wanted) present[step] = NONE;
    }
    const kept = { ...series, present };
    if (hasSamples(kept)) result.push(kept);
  }
  return result;
}
