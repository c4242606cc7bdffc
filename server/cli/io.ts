import { StoreFullError } from "../../engine/tsdb/store.ts";
import { EXIT } from "../config/requests.ts";
import { DirectoryError } from "../storage/directory_error.ts";

/** Where a command writes: results, and everything about them. */
export interface CommandIo {
  stdout(text: string): void;
  stderr(text: string): void;
}

/** Why a command cannot do what it was asked to; the message says what to do. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** Runs a command; errors that users can act on become a line on stderr and exit code 1, others are thrown. */
export async function reported(io: CommandIo, work: () => Promise<number | void>): Promise<number> {
  try {
    return await work() ?? EXIT.ok;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return EXIT.ok; // whoever reads the output has enough, as `head` has
    if (!isExpected(error)) throw error;
    io.stderr(`${error.message}\n`);
    return EXIT.failure;
  }
}

function isExpected(error: unknown): error is Error {
  return error instanceof CommandError || error instanceof DirectoryError || error instanceof StoreFullError;
}

/** What an operating system's error says, without the name of its class. */
export function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "no such file or directory";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  return error instanceof Error ? error.message : String(error);
}

/** `n` things, as people write it. */
export function counted(n: number, thing: string, things = `${thing}s`): string {
  return `${n.toLocaleString("en")} ${n === 1 ? thing : things}`;
}
