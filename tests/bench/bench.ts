/** What every part of the benchmark works with. */
import type { Children } from "./children.ts";
import type { Report, SubjectName } from "./report.ts";
import type { Subject } from "./subjects.ts";

export interface Bench {
  /** Shorter and rougher. */
  readonly isQuick: boolean;
  /** What is compared; those that cannot run are left out, and reported. */
  readonly subjects: readonly Subject[];
  readonly report: Report;
  /** Of the current part. */
  readonly children: Children;
  /** For files of this run; removed at its end. */
  readonly directory: string;
  log(text: string): void;
}

/** A part of the benchmark; also runs alone. */
export interface Part {
  readonly name: string;
  readonly summary: string;
  /** The part is broken off after this many seconds. */
  readonly limitSeconds: number;
  run(bench: Bench): Promise<void>;
}

/** Runs `measure` for each subject in turn; the failure of one is reported and does not stop the other. */
export async function forEachSubject(
  bench: Bench,
  part: string,
  measure: (subject: Subject, set: (name: string, unit: string, value: number) => void) => Promise<void>,
): Promise<void> {
  for (const subject of bench.subjects) {
    bench.log(`${part}: ${subject.name}`);
    const running = bench.children.running(); // such as a load generator
    try {
      await measure(subject, (name, unit, value) => bench.report.set(part, name, unit, subject.name, value));
    } catch (error) {
      bench.report.problem(part, subject.name, messageOf(error));
      await bench.children.killAll(running);
    }
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/** A fresh directory of this run. */
export function newDirectory(bench: Bench, purpose: string, subject: SubjectName | "all" = "all"): string {
  return Deno.makeTempDirSync({ dir: bench.directory, prefix: `${purpose}-${subject}-` });
}

/** A file that Narthex keeps so that it can free some space on a full disk: not the size of any sample. */
const RESERVE = "ballast";

/** Bytes that the files below a directory occupy, as `du` counts them, apart from Narthex' reserve. */
export function bytesOnDisk(directory: string): number {
  let bytes = 0;
  for (const entry of Deno.readDirSync(directory)) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory) bytes += bytesOnDisk(path);
    else if (entry.isFile && entry.name !== RESERVE) {
      const { blocks, size } = Deno.statSync(path);
      bytes += blocks === null ? size : blocks * 512;
    }
  }
  return bytes;
}

/** The middle value; the lower one of two. @throws {RangeError} If there is none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("Cannot take the median of no values");
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1]!;
}
