/** Where other work may have its turn, and a query ends that is due. */
export interface TurnTaker {
  /** Missing where work is to be done at one go. */
  checkpoint?(): Promise<void> | undefined;
}

/** Entries of columns that are worked through between two checkpoints: at most a few ms. */
const CELLS_PER_TURN = 1 << 16;

/** Has a checkpoint every so much work. */
export class Turns {
  readonly #taker: TurnTaker;
  #cells = 0;

  constructor(taker: TurnTaker) {
    this.#taker = taker;
  }

  /** To be called after work on so many entries; a promise to wait for where it is the turn of other work. */
  after(cells: number): Promise<void> | undefined {
    this.#cells += cells;
    if (this.#cells < CELLS_PER_TURN) return undefined;
    this.#cells = 0;
    return this.#taker.checkpoint?.();
  }
}

/**
 * `items.map(f)` with checkpoints in between; at once where there is no need to wait.
 * @param cells Entries that `f` works through for one item.
 */
export function mapInTurns<T, R>(
  items: readonly T[],
  cells: number,
  taker: TurnTaker,
  f: (item: T) => R,
): R[] | Promise<R[]> {
  const turns = new Turns(taker), results: R[] = [];
  while (results.length < items.length) {
    results.push(f(items[results.length]!));
    const pause = turns.after(cells);
    if (pause !== undefined) return restInTurns(pause);
  }
  return results;

  async function restInTurns(pause: Promise<void>): Promise<R[]> {
    await pause;
    while (results.length < items.length) {
      results.push(f(items[results.length]!));
      const next = turns.after(cells);
      if (next !== undefined) await next;
    }
    return results;
  }
}

/** `f` of what is there now or later. */
export function whenDone<T, R>(
  value: T | Promise<T>,
  f: (value: T) => R | Promise<R>,
): R | Promise<R> {
  return value instanceof Promise ? value.then(f) : f(value);
}
