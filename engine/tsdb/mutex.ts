/** Runs pieces of asynchronous work one after another, in the order in which they were handed in. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();
  #running = 0;

  /** Whether work is running or waiting. */
  get isBusy(): boolean {
    return this.#running > 0;
  }

  /** Resolves or rejects as `work` does, once everything handed in before has ended. */
  run<T>(work: () => Promise<T>): Promise<T> {
    this.#running++;
    const result = this.#last.then(work);
    this.#last = result.then(() => this.#running--, () => this.#running--);
    return result;
  }
}
