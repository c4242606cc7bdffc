import type { Binary } from "../ast.ts";
import { hasSamples, type InstantSeries, NONE, type Vector } from "../value.ts";
import { signatureOf } from "./vector_matching.ts";

/** `and`, `or` and `unless`. */
export function setOperation({ op, matching }: Binary, lhs: Vector, rhs: Vector): Vector {
  const signature = signatureOf(matching!);
  switch (op) {
    case "and":
      return filter(lhs, signaturePresence(rhs, signature), signature, true);
    case "unless":
      return filter(lhs, signaturePresence(rhs, signature), signature, false);
    case "or":
      if (rhs.length === 0) return lhs;
      return [...lhs, ...filter(rhs, signaturePresence(lhs, signature), signature, false)];
    default:
      throw new TypeError(`BUG: ${op} is no set operator`);
  }
}

type Signature = (labels: InstantSeries["labels"]) => string;

/** For each signature, the steps at which some series has it. */
function signaturePresence(vector: Vector, signature: Signature): Map<string, Uint8Array> {
  const bySignature = new Map<string, Uint8Array>();
  for (const { labels, present } of vector) {
    const key = signature(labels);
    const known = bySignature.get(key);
    if (known === undefined) bySignature.set(key, present.slice());
    else for (let step = 0; step < known.length; step++) known[step]! |= present[step]!;
  }
  return bySignature;
}

/** The samples of `vector` at steps where the other side has their signature, or where it does not. */
function filter(
  vector: Vector,
  others: Map<string, Uint8Array>,
  signature: Signature,
  wanted: boolean,
): Vector {
  const result: Vector = [];
  for (const series of vector) {
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
