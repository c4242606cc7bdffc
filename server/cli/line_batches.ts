import { LINE_BYTES_MAX } from "../../engine/exposition/text_parser.ts";
import { CommandError } from "./io.ts";

const LF = 0x0a;
const BUFFER_BYTES = 2 * LINE_BYTES_MAX;

/** Whole lines, all with their line feeds. */
export interface LineBatch {
  /** Valid until the next batch is asked for. */
  readonly bytes: Uint8Array;
  /** Number of its first line, from 1. */
  readonly firstLine: number;
}

/** Something to read bytes from, such as a file or standard input. */
export interface ByteReader {
  /** Fills the start of `into`. @returns How many bytes, null at the end. */
  read(into: Uint8Array): Promise<number | null>;
}

/**
 * Reads a text in batches of whole lines; a last line without a line feed gets one.
 * @throws {CommandError} If a line is too long.
 */
export async function* lineBatches(reader: ByteReader): AsyncGenerator<LineBatch> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  let filled = 0, firstLine = 1;
  for (;;) {
    const count = await reader.read(buffer.subarray(filled, BUFFER_BYTES - 1)); // room for a last line feed
    const searched = filled;
    if (count === null) {
      if (filled === 0) return;
      buffer[filled++] = LF;
    } else filled += count;
    const end = searched + buffer.subarray(searched, filled).lastIndexOf(LF) + 1;
    if (end > searched) {
      const bytes = buffer.subarray(0, end);
      yield { bytes, firstLine };
      firstLine += countLines(bytes);
      buffer.copyWithin(0, end, filled);
      filled -= end;
    }
    if (count === null) return;
    if (filled > LINE_BYTES_MAX) {
      throw new CommandError(
        `line ${firstLine}: longer than ${LINE_BYTES_MAX} bytes: this is no exposition text`,
      );
    }
  }
}

function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) lines++;
  return lines;
}
