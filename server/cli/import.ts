import { hashLabels } from "../../engine/labels/hash.ts";
import type { Labels } from "../../engine/labels/labels.ts";
import { isValidLabelName } from "../../engine/labels/names.ts";
import type { ExposedSeries } from "../../engine/exposition/scrape_row.ts";
import type { Database } from "../../engine/tsdb/database.ts";
import { BOUND_MS } from "../../engine/tsdb/flusher.ts";
import { Importer } from "../../engine/tsdb/importer.ts";
import { grown } from "../../engine/grown.ts";
import { formatTimestamp } from "../../engine/go_time.ts";
import type { ImportRequest } from "../config/requests.ts";
import { RETENTION_DEFAULT_MS } from "../storage/retention.ts";
import { CommandError, type CommandIo, counted, reasonOf, reported } from "./io.ts";
import { type ByteReader, lineBatches } from "./line_batches.ts";
import { openData } from "./open_data.ts";
import { progressBar } from "./progress.ts";
import { TimedText } from "./timed_text.ts";

/** Samples that are held in memory, over all shards: some 150 MB. */
const SAMPLES_MAX = 1 << 22;

export interface ImportOptions {
  /** What `-` reads. */
  readonly stdin?: ByteReader;
  readonly samplesMax?: number;
  readonly nowMs?: number;
}

/**
 * Stores the samples of a text in a data directory that no server uses. Nothing is stored unless the whole text is
 * good; an import that is repeated changes nothing.
 */
export function importSamples(
  { file, storagePath, labels }: ImportRequest,
  io: CommandIo,
  { stdin = Deno.stdin, samplesMax = SAMPLES_MAX, nowMs = Date.now() }: ImportOptions = {},
): Promise<number> {
  return reported(io, async () => {
    const startMs = performance.now();
    for (const name of Object.keys(labels)) {
      if (!isValidLabelName(name, "utf8")) {
        throw new CommandError(`Cannot add label ${JSON.stringify(name)}: this is not a label name`);
      }
    }
    const input = await openInput(file, stdin);
    try {
      const data = await openData(storagePath, io);
      try {
        const shards = new ShardedImport(data.databases, labels, samplesMax);
        await shards.run(input, file === "-" ? "standard input" : file);
        const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
        io.stdout(
          `Imported ${counted(shards.samples, "sample")} of ${counted(shards.series, "series", "series")} ` +
            `into ${storagePath} in ${seconds} s (${counted(shards.blocks, "block")})\n`,
        );
        remarkTimes(shards.timesMs, nowMs, io);
      } finally {
        await data.close();
      }
    } finally {
      input.close();
    }
  });
}

/** Says what a server will make of samples of these times. */
function remarkTimes([minMs, maxMs]: readonly [number, number], nowMs: number, io: CommandIo): void {
  const dateOf = (ms: number) => formatTimestamp(ms).replace(/:\d\d\.\d+Z$/, "Z");
  if (minMs < nowMs - RETENTION_DEFAULT_MS) {
    io.stdout(
      `The first sample is of ${
        dateOf(minMs)
      }. A server removes what is older than its retention, 15 days unless ` +
        "set: start it with a longer --storage.tsdb.retention.time to keep all\n",
    );
  }
  if (maxMs > nowMs + BOUND_MS) {
    io.stderr(
      `Warning: the last sample is of ${
        dateOf(maxMs)
      }, ahead of this machine's clock. Until an hour before that, ` +
        "a server refuses what it scrapes as too old beside it (out of bounds)\n",
    );
  }
}

interface Input extends ByteReader {
  /** Bytes in all, undefined where that is not known. */
  readonly size: number | undefined;
  close(): void;
}

async function openInput(file: string, stdin: ByteReader): Promise<Input> {
  if (file === "-") return { read: (into) => stdin.read(into), size: undefined, close: () => {} };
  try {
    const opened = await Deno.open(file);
    const { isFile, isDirectory, size } = await opened.stat();
    if (isDirectory) {
      opened.close();
      throw new CommandError(`Cannot read ${file}: it is a directory: give a file of OpenMetrics text`);
    }
    return {
      read: (into) => opened.read(into),
      size: isFile ? size : undefined,
      close: () => opened.close(),
    };
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`Cannot read ${file}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Spreads series over shards, each one where it is already, and new ones by hash. */
class ShardedImport {
  readonly #databases: readonly Database[];
  readonly #importers: readonly Importer[];
  readonly #added: readonly (readonly [string, string])[];
  readonly #text: TimedText;
  #shardOf = new Uint16Array(1024);
  #refOf = new Uint32Array(1024);
  #slots = 0;
  #minMs = Infinity;
  #maxMs = -Infinity;
  readonly #series: readonly Set<number>[];

  constructor(databases: readonly Database[], added: Readonly<Record<string, string>>, samplesMax: number) {
    this.#databases = databases;
    this.#importers = databases.map((database) =>
      new Importer(database, { samplesMax: Math.ceil(samplesMax / databases.length) })
    );
    this.#added = Object.entries(added);
    this.#series = databases.map(() => new Set());
    this.#text = new TimedText(
      { resolve: (series) => this.#resolve(series) },
      (slots, times, values, count) => {
        const importers = this.#importers, shardOf = this.#shardOf, refOf = this.#refOf;
        for (let i = 0; i < count; i++) {
          const slot = slots[i], timeMs = times[i] + 0; // + 0: there is no time -0
          if (timeMs < this.#minMs) this.#minMs = timeMs;
          if (timeMs > this.#maxMs) this.#maxMs = timeMs;
          importers[shardOf[slot]].add(refOf[slot], timeMs, values[i]);
        }
      },
    );
  }

  get samples(): number {
    return this.#importers.reduce((sum, { samples }) => sum + samples, 0);
  }

  /** Of the first and the last sample; Infinity and -Infinity where there is none. */
  get timesMs(): readonly [minMs: number, maxMs: number] {
    return [this.#minMs, this.#maxMs];
  }

  get blocks(): number {
    return this.#importers.reduce((sum, { blocks }) => sum + blocks, 0);
  }

  get series(): number {
    return this.#series.reduce((sum, { size }) => sum + size, 0);
  }

  /** @throws {CommandError} If the text is malformed; then nothing is stored. */
  async run(input: Input, what: string): Promise<void> {
    const progress = progressBar("Importing", input.size);
    try {
      let bytes = 0;
      for await (const batch of lineBatches(input)) {
        this.#text.read(batch);
        for (const importer of this.#importers) if (importer.isFull) await importer.write();
        bytes += batch.bytes.length;
        progress.update(bytes, counted(this.#text.samples, "sample"));
      }
      this.#text.end();
      for (const importer of this.#importers) await importer.write();
      // Only now that everything is on disk does the first shard show it.
      for (const importer of this.#importers) await importer.finish();
    } catch (error) {
      for (const importer of this.#importers) await importer.abort().catch(() => {}); // opening removes what is left
      if (!(error instanceof CommandError)) throw error;
      throw new CommandError(`Cannot import ${what}: ${error.message}`, { cause: error });
    } finally {
      progress.stop();
    }
  }

  #resolve({ labels: exposed }: ExposedSeries): number {
    let labels = exposed;
    for (const [name, value] of this.#added) labels = labels.with(name, value);
    const shard = this.#shardFor(labels);
    const slot = this.#slots++;
    if (slot === this.#refOf.length) {
      this.#refOf = grown(this.#refOf, slot + 1);
      const larger = new Uint16Array(this.#refOf.length);
      larger.set(this.#shardOf);
      this.#shardOf = larger;
    }
    this.#shardOf[slot] = shard;
    this.#refOf[slot] = this.#databases[shard].refFor(labels);
    this.#series[shard].add(this.#refOf[slot]);
    return slot;
  }

  #shardFor(labels: Labels): number {
    const known = this.#databases.findIndex(({ index }) => index.find(labels) >= 0);
    return known >= 0 ? known : Number(hashLabels(labels.drop(LE)) % BigInt(this.#databases.length));
  }
}

/** Left out of the choice of a shard: one that has all buckets of a histogram can evaluate their quantiles. */
const LE: ReadonlySet<string> = new Set(["le"]);
