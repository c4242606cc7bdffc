import {
  isLegacyLabelName,
  isLegacyMetricName,
  type Labels,
  METRIC_NAME,
} from "../../engine/labels/labels.ts";
import { isAbsent, isStale, wordsOf } from "../../engine/sample.ts";
import type { SeriesColumns } from "../../engine/tsdb/select.ts";

/**
 * Writes series as lines of OpenMetrics that read back as the same samples. Staleness markers, native histograms
 * and start timestamps have no such form. There are no TYPE lines: under one of a histogram a reader would rewrite `le`.
 */
export class SampleText {
  /** Texts of timestamps, of columns that several series share. */
  readonly #timeTexts = new WeakMap<Float64Array, readonly string[]>();
  samples = 0;
  leftOutHistograms = 0;
  /** Series with start timestamps, each counted once for each stretch of time. */
  leftOutStarts = 0;

  /** @param write Called with some whole lines at a time. */
  series(series: SeriesColumns, write: (lines: string) => void): void {
    const { labels, times, values, histograms, startTimes } = series;
    if (startTimes?.some((startMs) => startMs !== 0)) this.leftOutStarts++;
    const name = seriesText(labels) + " ";
    const words = wordsOf(values);
    const timeTexts = this.#textsOf(times);
    let lines = "";
    for (let i = 0; i < times.length; i++) {
      if (histograms?.[i] !== undefined) this.leftOutHistograms++;
      if (isAbsent(words, i) || isStale(words, i)) continue;
      lines += name + valueText(values[i]) + timeTexts[i];
      this.samples++;
      if (lines.length < 1 << 16) continue;
      write(lines);
      lines = "";
    }
    if (lines !== "") write(lines);
  }

  #textsOf(times: Float64Array): readonly string[] {
    let texts = this.#timeTexts.get(times);
    if (texts === undefined) {
      this.#timeTexts.set(times, texts = Array.from(times, (timeMs) => ` ${timeText(timeMs)}\n`));
    }
    return texts;
  }
}

/** `name{label="value"}`, or `{"name",label="value"}` for a name that needs quotes. */
export function seriesText(labels: Labels): string {
  const name = labels.get(METRIC_NAME);
  const parts = isLegacyMetricName(name) ? [] : [quoted(name)];
  for (const [label, value] of labels) {
    if (label !== METRIC_NAME) {
      parts.push(`${isLegacyLabelName(label) ? label : quoted(label)}=${quoted(value)}`);
    }
  }
  const inside = parts.length === 0 ? "" : `{${parts.join(",")}}`;
  return isLegacyMetricName(name) ? name + inside : inside;
}

function quoted(text: string): string {
  return `"${text.replace(/[\\\n"]/g, (char) => char === "\n" ? "\\n" : `\\${char}`)}"`;
}

/** The shortest text that reads back as `value`. */
function valueText(value: number): string {
  if (value !== value) return "NaN";
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return value === 0 && 1 / value < 0 ? "-0" : String(value);
}

/** Seconds that readers, who multiply by 1,000 and cut off what is below a ms, turn back into `timeMs`. */
export function timeText(timeMs: number): string {
  const seconds = timeMs / 1000;
  if (Math.trunc(seconds * 1000) === timeMs) return String(seconds);
  return String((timeMs + Math.sign(timeMs) / 2) / 1000); // rounding went below: aim at the middle of the ms
}
