import { grown } from "../grown.ts";

/**
 * Lists of series refs, each ascending, growing at its end, side by side in one arena.
 *
 *   arena   │ list 0, room for 4 │ list 2, room for 1 │ list 1, room for 8 │ …
 *
 * A full list moves to a place of twice the room; places left behind are used again by lists of their size.
 */
export class PostingsArena {
  #arena = new Uint32Array(1 << 10);
  #used = 0;
  #start = new Uint32Array(1 << 8);
  #length = new Uint32Array(1 << 8);
  #room = new Uint8Array(1 << 8); // log2 of the room of a list, plus 1; 0 = no place yet
  #count = 0;
  readonly #free: number[][] = Array.from({ length: 32 }, () => []);

  /** Starts an empty list and returns its number, counted from 0. */
  addList(): number {
    if (this.#count === this.#start.length) {
      this.#start = grown(this.#start, this.#count + 1);
      this.#length = grown(this.#length, this.#count + 1);
      this.#room = grown(this.#room, this.#count + 1);
    }
    return this.#count++;
  }

  /** Appends `ref`, which must be above every ref of the list. */
  push(list: number, ref: number): void {
    const length = this.#length[list];
    if (this.#room[list] === 0 || length === 1 << (this.#room[list] - 1)) this.#move(list);
    this.#arena[this.#start[list] + length] = ref;
    this.#length[list] = length + 1;
  }

  lengthOf(list: number): number {
    return this.#length[list];
  }

  /** The refs of `list`; a view, valid until the next `push`. */
  get(list: number): Uint32Array {
    const start = this.#start[list];
    return this.#arena.subarray(start, start + this.#length[list]);
  }

  #move(list: number): void {
    const room = this.#room[list]; // the new room is 1 << room
    const place = this.#free[room].pop() ?? this.#allocate(1 << room);
    const from = this.#start[list], length = this.#length[list];
    this.#arena.copyWithin(place, from, from + length);
    if (room > 0) this.#free[room - 1].push(from);
    this.#start[list] = place;
    this.#room[list] = room + 1;
  }

  #allocate(length: number): number {
    const place = this.#used;
    this.#used += length;
    if (this.#used > this.#arena.length) this.#arena = grown(this.#arena, this.#used);
    return place;
  }
}

/** First index in ascending `list[from, list.length)` whose element is at least `value`, found by galloping. */
export function gallop(list: Uint32Array, value: number, from: number): number {
  let step = 1, low = from, high = from;
  while (high < list.length && list[high] < value) {
    low = high + 1;
    high += step;
    step *= 2;
  }
  if (high > list.length) high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Refs that are in both ascending lists. */
export function intersect(a: Uint32Array, b: Uint32Array): Uint32Array {
  if (a.length > b.length) [a, b] = [b, a];
  const out = new Uint32Array(a.length);
  let count = 0, at = 0;
  for (let i = 0; i < a.length; i++) {
    at = gallop(b, a[i], at);
    if (at === b.length) break;
    if (b[at] === a[i]) out[count++] = a[i];
  }
  return out.subarray(0, count);
}

/** Refs of ascending `a` that are not in ascending `b`. */
export function subtract(a: Uint32Array, b: Uint32Array): Uint32Array {
  const out = new Uint32Array(a.length);
  let count = 0, at = 0;
  for (let i = 0; i < a.length; i++) {
    at = gallop(b, a[i], at);
    if (at === b.length || b[at] !== a[i]) out[count++] = a[i];
  }
  return out.subarray(0, count);
}

/** Refs that are in any of the ascending lists; with one list, that list itself. */
export function union(lists: readonly Uint32Array[]): Uint32Array {
  if (lists.length === 1) return lists[0];
  let total = 0, end = 0;
  for (const list of lists) {
    total += list.length;
    if (list.length > 0) end = Math.max(end, list[list.length - 1] + 1);
  }
  return total * SPARSE > end ? unionByMarks(lists, end) : unionBySorting(lists, total);
}

/** Lists with fewer elements than a part in this of their range are sorted: marks would be mostly empty. */
const SPARSE = 32;

function unionByMarks(lists: readonly Uint32Array[], end: number): Uint32Array {
  const marks = new Uint8Array(end);
  for (const list of lists) for (let i = 0; i < list.length; i++) marks[list[i]] = 1;
  return markedRefs(marks);
}

function unionBySorting(lists: readonly Uint32Array[], total: number): Uint32Array {
  const all = new Uint32Array(total);
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  all.sort();
  let count = 0;
  for (let i = 0; i < total; i++) if (i === 0 || all[i] !== all[i - 1]) all[count++] = all[i];
  return all.subarray(0, count);
}

/** The refs that are marked with 1, ascending. */
export function markedRefs(marks: Uint8Array): Uint32Array {
  let count = 0;
  for (let ref = 0; ref < marks.length; ref++) count += marks[ref];
  const refs = new Uint32Array(count);
  for (let ref = 0, at = 0; at < count; ref++) if (marks[ref] === 1) refs[at++] = ref;
  return refs;
}
