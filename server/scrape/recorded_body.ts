import type { HeldBodies } from "./held_bodies.ts";
import type { BodyReceiver } from "./http_fetcher.ts";

/** Pages double up to this size, so that a body in tiny chunks takes little more than its bytes. */
const PAGE_BYTES_MAX = 1 << 20;

/** A body that waits for the database. */
export class RecordedBody implements BodyReceiver {
  #contentType: string | undefined;
  #hasBegun = false;
  #pages: Uint8Array[] = [];
  /** Bytes of the last page that are in use. */
  #used = 0;
  /** Bytes of all pages. */
  #bytes = 0;

  /** @param held Where the memory is taken from while the body is received. */
  constructor(private readonly held: HeldBodies) {}

  /** Memory that it takes. */
  get bytes(): number {
    return this.#bytes;
  }

  begin(contentType: string | undefined): void {
    this.#contentType = contentType;
    this.#hasBegun = true;
  }

  /** @throws {HeldLimitError} If there is no room for it. */
  chunk(bytes: Uint8Array): void {
    const last = this.#pages.at(-1);
    const fitting = last === undefined ? 0 : Math.min(bytes.length, last.length - this.#used);
    last?.set(bytes.subarray(0, fitting), this.#used);
    this.#used += fitting;
    const rest = bytes.subarray(fitting);
    if (rest.length > 0) this.#addPage(rest);
  }

  #addPage(bytes: Uint8Array): void {
    const size = Math.max(bytes.length, Math.min(this.#bytes, PAGE_BYTES_MAX));
    this.held.reserve(size);
    this.#bytes += size;
    const page = new Uint8Array(size);
    page.set(bytes);
    this.#pages.push(page);
    this.#used = bytes.length;
  }

  /** Ends it: nothing more is received. A body that is not whole is forgotten. */
  end(isWhole: boolean): void {
    this.held.release(this.#bytes);
    if (isWhole) return;
    this.#pages = [];
    this.#bytes = 0;
  }

  /** Hands over all that was received. */
  replay(receiver: BodyReceiver): void {
    if (this.#hasBegun) receiver.begin(this.#contentType);
    this.#pages.forEach((page, i) => {
      receiver.chunk(i === this.#pages.length - 1 ? page.subarray(0, this.#used) : page);
    });
  }
}
