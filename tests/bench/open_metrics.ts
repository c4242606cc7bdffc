/** Writes data sets as OpenMetrics text, all samples of a series together, as imports want them. */

const FLUSH_BYTES = 4_000_000;

/** A series on a regular grid of times. */
export interface GridSeries {
  /** Name and labels as in the text: `up{job="a"}`. */
  readonly series: string;
  valueAt(step: number): number;
}

export class OpenMetricsFile {
  readonly #file: Deno.FsFile;
  readonly #encoder = new TextEncoder();
  #text = "";
  /** Samples written so far. */
  samples = 0;

  constructor(readonly path: string) {
    this.#file = Deno.openSync(path, { write: true, createNew: true });
  }

  /** @param time Unix time in seconds. */
  sample(series: string, value: number | string, time: number): void {
    this.#text += `${series} ${value} ${time}\n`;
    this.samples++;
    if (this.#text.length > FLUSH_BYTES) this.#flush();
  }

  /** Writes `steps` samples of each series, `stepSeconds` apart. */
  grid(all: Iterable<GridSeries>, startSeconds: number, stepSeconds: number, steps: number): void {
    for (const { series, valueAt } of all) {
      for (let step = 0; step < steps; step++) {
        this.sample(series, valueAt(step), startSeconds + step * stepSeconds);
      }
    }
  }

  close(): void {
    this.#text += "# EOF\n";
    this.#flush();
    this.#file.close();
  }

  #flush(): void {
    const bytes = this.#encoder.encode(this.#text);
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
    this.#text = "";
  }
}
