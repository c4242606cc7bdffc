/** Pages that were read, the least recently used ones forgotten once they take more than `bytesMax`. */
export class PageCache<Page> {
  readonly #pages = new Map<string, { page: Page; bytes: number }>();
  #bytes = 0;

  constructor(readonly bytesMax: number) {}

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Page | undefined {
    const entry = this.#pages.get(key);
    if (entry === undefined) return undefined;
    this.#pages.delete(key);
    this.#pages.set(key, entry);
    return entry.page;
  }

  set(key: string, page: Page, bytes: number): void {
    if (this.#pages.has(key)) return;
    this.#pages.set(key, { page, bytes });
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#pages) {
      if (this.#bytes <= this.bytesMax) break;
      this.#pages.delete(oldest);
      this.#bytes -= entry.bytes;
    }
  }

  clear(): void {
    this.#pages.clear();
    this.#bytes = 0;
  }
}
