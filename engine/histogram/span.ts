/** Run of populated buckets: `offset` from the end of the previous span (the first from index 0). */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Number of buckets that `spans` describe. */
export function bucketCountOf(spans: readonly Span[]): number {
  let count = 0;
  for (const span of spans) count += span.length;
  return count;
}

/** The buckets that spans describe. */
export interface SpanLayout {
  /** Index of every bucket, in ascending order and as long as the matching column of counts. Never written to. */
  readonly indexes: Int32Array;
  /** The same buckets in as few spans as possible. */
  readonly spans: readonly Span[];
}

/**
 * Layouts found lately, by a hash of their spans: a query meets the same few again and again, and equal layouts
 * that are one object are compared at once.
 */
const layouts = new Array<{ readonly of: readonly Span[]; readonly layout: SpanLayout } | undefined>(512);

/** The layout of `spans`, mostly the very same object for equal spans. */
export function layoutOf(spans: readonly Span[]): SpanLayout {
  let hash = 0;
  for (let i = 0; i < spans.length; i++) {
    hash = Math.imul(hash ^ spans[i]!.offset, 0x9e3779b1);
    hash = Math.imul((hash ^ (hash >>> 15)) + spans[i]!.length, 0x85ebca77);
  }
  const slot = (hash ^ (hash >>> 16)) & (layouts.length - 1);
  const known = layouts[slot];
  if (known !== undefined && sameSpans(known.of, spans)) return known.layout;
  const indexes = bucketIndexes(spans);
  const layout = { indexes, spans: spansOf(indexes) };
  layouts[slot] = { of: spans, layout };
  return layout;
}

/** Lists of spans made lately, by a hash of what is in them, none longer than LISTED_SPANS_MAX. */
const lists = new Array<readonly Span[] | undefined>(512);
const LISTED_SPANS_MAX = 256;

/**
 * The spans whose offsets and lengths are the first `count` numbers in turn, mostly the very same list for equal
 * numbers: histograms that are read one after another have few layouts.
 */
export function spansOfPairs(pairs: ArrayLike<number>, count: number): readonly Span[] {
  let hash = 0;
  for (let i = 0; i < count; i++) hash = Math.imul(hash ^ (hash >>> 15) ^ pairs[i]!, 0x9e3779b1);
  const slot = (hash ^ (hash >>> 16)) & (lists.length - 1);
  const known = lists[slot];
  if (known !== undefined && isOfPairs(known, pairs, count)) return known;
  const spans = Array.from(
    { length: count / 2 },
    (_, i) => ({ offset: pairs[2 * i]!, length: pairs[2 * i + 1]! }),
  );
  if (spans.length <= LISTED_SPANS_MAX) lists[slot] = spans;
  return spans;
}

function isOfPairs(spans: readonly Span[], pairs: ArrayLike<number>, count: number): boolean {
  if (2 * spans.length !== count) return false;
  for (let i = 0; i < spans.length; i++) {
    if (spans[i]!.offset !== pairs[2 * i] || spans[i]!.length !== pairs[2 * i + 1]) return false;
  }
  return true;
}

/** Index of every bucket, in ascending order. */
export function bucketIndexes(spans: readonly Span[]): Int32Array {
  const indexes = new Int32Array(bucketCountOf(spans));
  let at = 0;
  let index = 0;
  for (const span of spans) {
    index += span.offset;
    for (let i = 0; i < span.length; i++) indexes[at++] = index++;
  }
  return indexes;
}

/** Fewest spans for the first `length` of the strictly ascending bucket `indexes`. */
export function spansOf(indexes: ArrayLike<number>, length = indexes.length): Span[] {
  const spans: Span[] = [];
  let end = 0;
  let at = 0;
  while (at < length) {
    const start = at;
    const first = indexes[start]!;
    while (at < length && indexes[at] === first + at - start) at++;
    spans.push({ offset: first - end, length: at - start });
    end = first + at - start;
  }
  return spans;
}

/** Whether two lists of spans describe the same buckets; spans without buckets make no difference. */
export function sameSpans(a: readonly Span[], b: readonly Span[]): boolean {
  if (a === b) return true;
  let i = 0;
  let j = 0;
  while (true) {
    let offsetA = 0;
    let offsetB = 0;
    while (i < a.length && a[i]!.length === 0) offsetA += a[i++]!.offset;
    while (j < b.length && b[j]!.length === 0) offsetB += b[j++]!.offset;
    if (i === a.length || j === b.length) return i === a.length && j === b.length;
    if (offsetA + a[i]!.offset !== offsetB + b[j]!.offset || a[i]!.length !== b[j]!.length) return false;
    i++;
    j++;
  }
}
