import { Decompression } from "./decompression.ts";
import type { BodyReceiver } from "./http_fetcher.ts";
import { networkError, statusError } from "./http_error.ts";

const LF = 0x0a;
/** Longest line of a head, and of what delimits chunks. */
const LINE_BYTES_MAX = 16 << 10;
const HEAD_LINES_MAX = 200;

/** What became of an answer: "kept" and "ended" are whole, and say whether its connection may be used again. */
type AnswerOutcome =
  | "kept"
  | "ended"
  /** There was none, and the receiver was told nothing. */
  | "unanswered"
  /** It is not an HTTP/1 answer with a plain or gzip body, and the receiver was told nothing. */
  | "unusual";

interface Head {
  /** Of HTTP/1. */
  readonly minor: number;
  readonly status: number;
  readonly statusText: string;
  readonly headers: ReadonlyMap<string, string>;
}

/** Takes the bytes of a body as they come; they stay as they are until the promise is fulfilled. */
type Take = (bytes: Uint8Array) => void | Promise<void>;

/** Reads one answer from a connection and hands its body on out of `buffer`. */
export class HttpAnswer {
  /** What is read and not used yet is `buffer[from, to)`. */
  #from = 0;
  #to = 0;

  constructor(
    private readonly connection: Deno.Conn,
    private readonly buffer: Uint8Array<ArrayBuffer>,
    private readonly url: string,
  ) {}

  /** @throws {Error} If the status is an error, the body breaks off, or what the receiver threw. */
  async receive(receiver: BodyReceiver): Promise<AnswerOutcome> {
    const head = await this.#head();
    if (head === "unanswered" || head === "unusual") return head;
    const { minor, status, statusText, headers } = head;
    const length = headers.get("content-length"), transfer = headers.get("transfer-encoding");
    const encoding = headers.get("content-encoding") ?? "identity";
    const isUnusual = status < 200 || (status >= 300 && status < 400) ||
      (encoding !== "identity" && encoding !== "gzip") ||
      (length !== undefined && !/^\d{1,15}$/.test(length)) ||
      (transfer !== undefined &&
        (transfer.toLowerCase() !== "chunked" || length !== undefined || minor === 0));
    if (isUnusual) return "unusual";
    if (status !== 200) throw statusError(status, statusText);
    receiver.begin(headers.get("content-type"));
    const hasEnd = encoding === "gzip"
      ? await this.#gunzip(length, transfer, receiver)
      : await this.#body(length, transfer, (bytes) => receiver.chunk(bytes));
    const closes = minor === 0 || (headers.get("connection")?.toLowerCase().includes("close") ?? false);
    return !hasEnd || closes || this.#from < this.#to ? "ended" : "kept";
  }

  async #gunzip(
    length: string | undefined,
    transfer: string | undefined,
    receiver: BodyReceiver,
  ): Promise<boolean> {
    const decompression = new Decompression((bytes) => receiver.chunk(bytes));
    try {
      const hasEnd = await this.#body(length, transfer, (bytes) => decompression.write(bytes));
      await decompression.end();
      return hasEnd;
    } finally {
      decompression.close();
    }
  }

  /** @returns Whether the body ends before its connection does. */
  async #body(length: string | undefined, transfer: string | undefined, take: Take): Promise<boolean> {
    if (transfer !== undefined) await this.#chunks(take);
    else if (length !== undefined) await this.#bytes(Number(length), take);
    else {
      do await this.#give(Infinity, take); while (await this.#fill());
      return false;
    }
    return true;
  }

  async #head(): Promise<Head | "unanswered" | "unusual"> {
    let line: string | undefined;
    try {
      line = await this.#line();
      if (line === undefined) return this.#from === this.#to ? "unanswered" : "unusual";
      const [, minor, status, statusText = ""] = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/.exec(line) ?? [];
      if (status === undefined) return "unusual";
      const headers = new Map<string, string>();
      for (let lines = 0; lines < HEAD_LINES_MAX; lines++) {
        line = await this.#line();
        if (line === undefined) return "unusual";
        if (line === "") return { minor: Number(minor), status: Number(status), statusText, headers };
        const colon = line.indexOf(":"), name = line.slice(0, colon).toLowerCase();
        if (colon <= 0 || headers.has(name) && DELIMITING.has(name)) return "unusual";
        if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
      }
      return "unusual";
    } catch {
      return "unanswered";
    }
  }

  async #chunks(take: Take): Promise<void> {
    for (;;) {
      const size = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i.exec(await this.#bodyLine())?.[1];
      if (size === undefined) throw this.#brokenOff("malformed chunk");
      if (size === "0".repeat(size.length)) break;
      await this.#bytes(parseInt(size, 16), take);
      if (await this.#bodyLine() !== "") throw this.#brokenOff("malformed chunk");
    }
    for (let lines = 0; await this.#bodyLine() !== "";) {
      if (++lines > HEAD_LINES_MAX) throw this.#brokenOff("too many trailers");
    }
  }

  async #bodyLine(): Promise<string> {
    const line = await this.#line().catch(() => undefined);
    if (line === undefined) {
      throw this.#brokenOff(this.#to - this.#from > LINE_BYTES_MAX ? "malformed chunk" : "");
    }
    return line;
  }

  async #bytes(count: number, take: Take): Promise<void> {
    for (let left = count - await this.#give(count, take); left > 0; left -= await this.#give(left, take)) {
      if (!await this.#fill().catch(() => false)) throw this.#brokenOff("");
    }
  }

  /** Hands on at most `most` of the bytes that are there. @returns How many. */
  async #give(most: number, take: Take): Promise<number> {
    const from = this.#from, count = Math.min(most, this.#to - from);
    this.#from += count;
    if (count > 0) await take(this.buffer.subarray(from, from + count));
    return count;
  }

  /** The next line without its end; undefined where the connection ends before it, or it is too long. */
  async #line(): Promise<string | undefined> {
    const { buffer } = this;
    for (;;) {
      const from = this.#from, end = buffer.subarray(0, this.#to).indexOf(LF, from);
      if (end >= 0) {
        this.#from = end + 1;
        const text = latin1.decode(buffer.subarray(from, end));
        return text.endsWith("\r") ? text.slice(0, -1) : text;
      }
      if (this.#to - from > LINE_BYTES_MAX || !await this.#fill()) return undefined;
    }
  }

  /** Reads more bytes. @returns Whether there were any. */
  async #fill(): Promise<boolean> {
    if (this.#from === this.#to) this.#from = this.#to = 0;
    else if (this.#to === this.buffer.length) {
      this.buffer.copyWithin(0, this.#from, this.#to);
      this.#to -= this.#from;
      this.#from = 0;
    }
    const count = await this.connection.read(this.#to === 0 ? this.buffer : this.buffer.subarray(this.#to));
    if (count === null) return false;
    this.#to += count;
    return true;
  }

  #brokenOff(reason: string): Error {
    return networkError("GET", this.url, new Error(reason || "unexpected EOF"));
  }
}

const DELIMITING = new Set(["content-length", "transfer-encoding", "content-encoding"]);
const latin1 = new TextDecoder("latin1");
