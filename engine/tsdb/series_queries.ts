import type { Labels } from "../labels/labels.ts";
import { compareLabels, compareUtf8 } from "../labels/labels.ts";
import type { Matcher } from "../labels/matcher.ts";
import type { Database } from "./database.ts";
import { gallop, intersect, union } from "./postings.ts";

/** Series that any of the matcher lists accepts, with samples in a range; no lists means every series. */
export interface SeriesQuery {
  readonly matcherSets: readonly (readonly Matcher[])[];
  /** Milliseconds since the Unix epoch, both inclusive. */
  readonly startMs: number;
  readonly endMs: number;
  /** Most results; 0 for no limit. */
  readonly limit: number;
}

/** Refs of the series, ascending. Blocks and groups that overlap the range count whole. */
export async function selectRefs(database: Database, query: SeriesQuery): Promise<Uint32Array> {
  const present = await database.refsIn(query.startMs, query.endMs);
  if (query.matcherSets.length === 0) return present;
  return intersect(union(query.matcherSets.map((matchers) => database.index.select(matchers))), present);
}

/** More series than this are listed as they come: to sort them would keep other work waiting. */
export const SORTED_SERIES_MAX = 50_000;

/** The series in the order of their labels, or, where very many are found, in that of their refs. */
export async function findSeries(database: Database, query: SeriesQuery): Promise<Labels[]> {
  const refs = await selectRefs(database, query);
  const isSorted = refs.length <= SORTED_SERIES_MAX;
  const wanted = query.limit > 0 && !isSorted ? refs.subarray(0, query.limit) : refs;
  const found = Array.from(wanted, (ref) => database.index.labels(ref));
  if (isSorted) found.sort(compareLabels);
  return query.limit > 0 ? found.slice(0, query.limit) : found;
}

/** Sorted names of the labels that the series have. */
export async function labelNames(database: Database, query: SeriesQuery): Promise<string[]> {
  const refs = await selectRefs(database, query);
  const names: string[] = [];
  for (const { name } of [...database.index.names()].sort((a, b) => compareUtf8(a.name, b.name))) {
    if (query.limit > 0 && names.length === query.limit) break;
    for (const { refs: postings } of database.index.values(name)) {
      if (!overlaps(postings, refs)) continue;
      names.push(name);
      break;
    }
  }
  return names;
}

/** Sorted values that the series have of the label. */
export async function labelValues(database: Database, name: string, query: SeriesQuery): Promise<string[]> {
  const refs = await selectRefs(database, query);
  const values: string[] = [];
  for (const { value, refs: postings } of database.index.values(name)) {
    if (overlaps(postings, refs)) values.push(value);
  }
  values.sort(compareUtf8);
  return query.limit > 0 ? values.slice(0, query.limit) : values;
}

/** Whether two ascending lists have an element in common. */
function overlaps(a: Uint32Array, b: Uint32Array): boolean {
  if (a.length > b.length) [a, b] = [b, a];
  let at = 0;
  for (const ref of a) {
    at = gallop(b, ref, at);
    if (at === b.length) return false;
    if (b[at] === ref) return true;
  }
  return false;
}
