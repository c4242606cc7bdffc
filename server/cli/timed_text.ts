import { ExpositionError } from "../../engine/exposition/exposition_error.ts";
import type { BodyParser, SeriesResolver } from "../../engine/exposition/scrape_row.ts";
import { ScrapeRow } from "../../engine/exposition/scrape_row.ts";
import { SampleReader } from "../../engine/exposition/sample_reader.ts";
import { type Dialect, SeriesLexer, skipBlanks, textOf } from "../../engine/exposition/series_syntax.ts";
import { TextParser } from "../../engine/exposition/text_parser.ts";
import { TIME_MAX_MS } from "../../engine/tsdb/append_rules.ts";
import { CommandError } from "./io.ts";
import type { LineBatch } from "./line_batches.ts";

const LF = 0x0a, HASH = 0x23;
/** A timestamp that is a whole number from this on is one in ms: as seconds it would be after the year 5000. */
const MS_DIGITS_MIN = 12;

/** Takes samples in the order of the text. */
export type TakeSamples = (
  slots: Uint32Array,
  times: Float64Array,
  values: Float64Array,
  count: number,
) => void;

/**
 * Reads text in which every sample has a timestamp: OpenMetrics, or the older text format where the first timestamp
 * says that it counts ms.
 */
export class TimedText {
  readonly #resolver: SeriesResolver;
  readonly #take: TakeSamples;
  readonly #row = new ScrapeRow();
  #dialect: Dialect | undefined;
  #parser: BodyParser | undefined;
  samples = 0;

  constructor(resolver: SeriesResolver, take: TakeSamples) {
    this.#resolver = resolver;
    this.#take = take;
  }

  /** @throws {CommandError} If the text is malformed, with its line. */
  read(batch: LineBatch): void {
    this.#dialect ??= dialectOf(batch.bytes);
    if (this.#parser === undefined) {
      this.#parser = new TextParser(this.#dialect, this.#resolver, {
        honorTimestamps: true,
        scrapeNativeHistograms: false,
        alwaysScrapeClassicHistograms: true,
        convertClassicHistogramsToNhcb: false,
      });
      this.#parser.begin(this.#row);
    }
    const { timed } = this.#row;
    withLine(() => this.#parser!.write(batch.bytes));
    this.#row.exemplars.length = 0;
    if (this.#row.samplesKept - this.samples > timed.count) {
      this.#failAt(batch, (timeMs) => timeMs === undefined);
    }
    const { times, count } = timed;
    for (let i = 0; i < count; i++) {
      if (Math.abs(times[i]) > TIME_MAX_MS) {
        this.#failAt(batch, (timeMs) => timeMs !== undefined && Math.abs(timeMs) > TIME_MAX_MS);
      }
    }
    this.samples += count;
    this.#take(timed.slots, times, timed.values, count);
    timed.count = 0;
  }

  /** @throws {CommandError} If the text ends too early. */
  end(): void {
    if (this.#parser === undefined) {
      throw new CommandError("the text is empty: OpenMetrics text ends with a line # EOF");
    }
    withLine(() => this.#parser!.end());
  }

  /** Finds the line whose timestamp is refused. */
  #failAt({ bytes, firstLine }: LineBatch, isRefused: (timeMs: number | undefined) => boolean): never {
    const dialect = this.#dialect!;
    const lexer = new SeriesLexer(dialect), reader = new SampleReader(dialect);
    for (let at = 0, line = firstLine; at < bytes.length; line++) {
      const end = bytes.indexOf(LF, at) + 1;
      if (isSample(bytes, at, dialect)) {
        reader.read(bytes, lexer.series(bytes, at));
        if (isRefused(reader.timeMs)) {
          const text = JSON.stringify(textOf(bytes, at, Math.min(end - 1, at + 120)));
          throw new CommandError(
            reader.timeMs === undefined
              ? `line ${line}: sample without a timestamp: ${text}: every sample must say when it was taken`
              : `line ${line}: timestamp out of range: ${text}: OpenMetrics gives seconds, the text format ms`,
          );
        }
      }
      at = end;
    }
    throw new Error("BUG: a sample was refused that is not in its batch");
  }
}

function withLine(parse: () => void): void {
  try {
    parse();
  } catch (cause) {
    if (!(cause instanceof ExpositionError)) throw cause;
    const { line, reason, text } = cause;
    throw new CommandError(`line ${line}: ${reason}${text === "" ? "" : `: ${JSON.stringify(text)}`}`, {
      cause,
    });
  }
}

/** What the first timestamp of the text tells; OpenMetrics where there is none. */
function dialectOf(bytes: Uint8Array): Dialect {
  const lexer = new SeriesLexer("text");
  for (let at = 0; at < bytes.length; at = bytes.indexOf(LF, at) + 1) {
    if (!isSample(bytes, at, "text")) continue;
    try {
      const valueAt = lexer.series(bytes, at);
      const [, time] = textOf(bytes, valueAt, bytes.indexOf(LF, at)).split(/[ \t]+/);
      return time !== undefined && /^\d+$/.test(time) && time.length >= MS_DIGITS_MIN
        ? "text"
        : "openmetrics";
    } catch (error) {
      if (error instanceof ExpositionError) break; // the parser says what is wrong
      throw error;
    }
  }
  return "openmetrics";
}

function isSample(bytes: Uint8Array, at: number, dialect: Dialect): boolean {
  const first = dialect === "text" ? skipBlanks(bytes, at) : at;
  return bytes[first] !== HASH && bytes[first] !== LF;
}
