import { QueryCanceledError, QueryTimeoutError } from "./query_errors.ts";

const QUEUE = "query queue";

/** Lets a limited number of queries run at a time; the others wait in the order they came. */
export class QueryQueue {
  readonly #max: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param max At least 1. */
  constructor(max: number) {
    this.#max = max;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Waits for a place, which the function it resolves to gives back.
   * @throws {QueryTimeoutError|QueryCanceledError} If `signal` is aborted first: the API's answer is 503, as for any other
   *   query that took too long. Upstream gives 400 or 422, by how far the query had come, though it is not at fault.
   */
  async enter(signal: AbortSignal | undefined): Promise<() => void> {
    if (signal?.aborted) throw abortError(signal, QUEUE);
    if (this.#running < this.#max) this.#running++;
    else await this.#wait(signal);
    let isLeft = false;
    return () => {
      if (isLeft) return;
      isLeft = true;
      const next = this.#waiting.shift();
      // Who comes next takes over the place, so that the number that run stays the same.
      if (next === undefined) this.#running--;
      else next();
    };
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const start = () => {
      signal?.removeEventListener("abort", giveUp);
      resolve();
    };
    const giveUp = () => {
      this.#waiting.splice(this.#waiting.indexOf(start), 1);
      reject(abortError(signal!, QUEUE));
    };
    this.#waiting.push(start);
    signal?.addEventListener("abort", giveUp, { once: true });
    return promise;
  }
}

/**
 * What `work` comes to.
 * @throws {QueryTimeoutError|QueryCanceledError} If `signal` is aborted first; `work` goes on.
 */
export function unlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  phase: string,
): Promise<T> {
  if (signal === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(abortError(signal, phase));
  if (signal.aborted) giveUp();
  else signal.addEventListener("abort", giveUp, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener("abort", giveUp));
}

function abortError({ reason }: AbortSignal, phase: string): Error {
  return isTimeout(reason) ? new QueryTimeoutError(phase) : new QueryCanceledError(phase);
}

/** Whether a signal was aborted because time was up. */
export function isTimeout(reason: unknown): boolean {
  return reason instanceof QueryTimeoutError ||
    (reason instanceof DOMException && reason.name === "TimeoutError");
}
