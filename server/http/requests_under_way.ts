/** Who sent a request. */
export interface Client {
  readonly remoteAddr: { readonly hostname: string };
}

export type Handler = (request: Request, client?: Client) => Response | Promise<Response>;

/**
 * Requests that wait for their answer. No more than so many are worked on at once, the others wait for their turn;
 * all of them can be refused, as Deno cannot close a connection once a server is shutting down.
 */
export class RequestsUnderWay {
  readonly #refusals = new Set<() => void>();
  readonly #waiting: (() => void)[] = [];
  readonly #max: number;
  #running = 0;

  /**
   * @param handler May be replaced while requests are under way.
   * @param max Most requests that are worked on at once; 0 for no limit.
   */
  constructor(public handler: Handler, max: number) {
    this.#max = max > 0 ? max : Infinity;
  }

  async answer(request: Request, client?: Client): Promise<Response> {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const refuse = () => resolve(new Response("Service Unavailable", { status: 503 }));
    const run = () => {
      this.#running++;
      Promise.try(() => this.handler(request, client)).then(resolve, reject).then(() => {
        this.#running--;
        this.#waiting.shift()?.();
      });
    };
    this.#refusals.add(refuse);
    try {
      if (this.#running < this.#max) run();
      else this.#waiting.push(run);
      return await promise;
    } finally {
      this.#refusals.delete(refuse);
    }
  }

  refuseAll(): void {
    this.#waiting.length = 0;
    for (const refuse of this.#refusals) refuse();
  }
}
