import { decodeJson, encodeJson } from "./block/framed_value.ts";
import type { Entry, Key } from "./store.ts";

/**
 * What says which of the values in the store count, each under a key of its own, since each changes for itself:
 *
 *   "state" · "log"      first generation of the log whose samples are not all in blocks
 *   "state" · "catalog"  the epoch of the catalog
 */
export type StatePart = "log" | "catalog";

export const STATE_PREFIX: Key = ["state"];

export function stateEntry(part: StatePart, value: number): Entry {
  return { key: [...STATE_PREFIX, part], value: encodeJson(value) };
}

/** @throws {DamagedValueError} If the value is damaged. */
export function readState({ key, value }: Entry): { part: StatePart; value: number } {
  return { part: key[1] as StatePart, value: decodeJson<number>(value) };
}
