import { compareLabels } from "../../engine/labels/labels.ts";
import { parseMetricSelector } from "../../engine/promql/parser.ts";
import type { ExportRequest } from "../config/requests.ts";
import { parseTime } from "../http/params/time.ts";
import {
  DatabaseSource,
  type ExportSource,
  type Range,
  type Selectors,
  ServerSource,
} from "./export_source.ts";
import { CommandError, type CommandIo, counted, reasonOf, reported } from "./io.ts";
import { openData, requireDirectory } from "./open_data.ts";
import { progressBar } from "./progress.ts";
import { SampleText } from "./sample_text.ts";
import { ServerClient } from "./server_client.ts";

/**
 * Writes samples as OpenMetrics text, metric by metric: what `import` reads back. Of a metric with more samples than
 * fit in memory, one stretch of time comes after the other.
 */
export function exportSamples(request: ExportRequest, io: CommandIo): Promise<number> {
  const { storagePath, url, output } = request;
  return reported(io, async () => {
    const selectors = request.matches.map(selectorOf);
    const limits = {
      startMs: request.start === undefined ? -Infinity : timeOf("--start", request.start),
      endMs: request.end === undefined ? Infinity : timeOf("--end", request.end),
    };
    if (url === undefined) await exportDirectory(storagePath!, selectors, limits, output, io);
    else {
      const source = new ServerSource(new ServerClient(url), selectors, Date.now());
      const text = await exportTo(output, source, limits, io);
      warnOfLeftOut(text, source.histograms, io);
    }
  });
}

async function exportDirectory(
  path: string,
  selectors: Selectors,
  limits: Range,
  output: string,
  io: CommandIo,
): Promise<void> {
  await requireDirectory(path);
  const data = await openData(path, io);
  try {
    const source = new DatabaseSource(data.databases, selectors);
    const text = await exportTo(output, source, limits, io);
    warnOfLeftOut(text, 0, io);
    if (source.nameless > 0) {
      io.stderr(`Left out ${counted(source.nameless, "series", "series")} without a metric name\n`);
    }
  } finally {
    await data.close();
  }
}

/** @param histograms That did not even reach the text. */
function warnOfLeftOut(text: SampleText, histograms: number, io: CommandIo): void {
  const all = text.leftOutHistograms + histograms;
  if (all > 0) {
    io.stderr(`Left out ${counted(all, "native histogram")}, for which OpenMetrics text has no form\n`);
  }
  if (text.leftOutStarts > 0) {
    const series = counted(text.leftOutStarts, "series", "series");
    io.stderr(
      `Left out the start timestamps of ${series}: OpenMetrics text has one for all samples of a series\n`,
    );
  }
}

function selectorOf(text: string): Selectors[number] {
  try {
    return parseMetricSelector(text);
  } catch (cause) {
    throw new CommandError(`Cannot use --match ${JSON.stringify(text)}: ${reasonOf(cause)}`, { cause });
  }
}

function timeOf(flag: string, text: string): number {
  try {
    return parseTime(text);
  } catch (cause) {
    const fix = "give Unix seconds, or a time such as 2026-01-02T15:04:05Z";
    throw new CommandError(`Cannot use ${flag}: ${reasonOf(cause)}: ${fix}`, { cause });
  }
}

async function exportTo(
  output: string,
  source: ExportSource,
  limits: Range,
  io: CommandIo,
): Promise<SampleText> {
  const text = new SampleText();
  if (output === "-") {
    await writeAll(source, limits, text, (lines) => io.stdout(lines));
    return text;
  }
  // A device or pipe is written to, not replaced.
  const isReplaced = (await Deno.stat(output).catch(() => undefined))?.isFile ?? true;
  const partial = isReplaced ? `${output}.partial` : output;
  try {
    const file = await Deno.open(partial, { write: true, create: isReplaced, truncate: isReplaced });
    try {
      const encoder = new TextEncoder();
      await writeAll(source, limits, text, (lines) => writeBytes(file, encoder.encode(lines)), true);
      if (isReplaced) await file.sync();
    } finally {
      file.close();
    }
    if (isReplaced) await Deno.rename(partial, output);
  } catch (cause) {
    if (isReplaced) await Deno.remove(partial).catch(() => {}); // it may never have been there
    if (cause instanceof CommandError || !(cause instanceof Error && "code" in cause)) throw cause;
    throw new CommandError(`Cannot write ${output}: ${reasonOf(cause)}`, { cause });
  }
  io.stderr(`Exported ${counted(text.samples, "sample")} to ${output}\n`);
  return text;
}

function writeBytes(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

async function writeAll(
  source: ExportSource,
  limits: Range,
  text: SampleText,
  write: (lines: string) => void,
  showsProgress = false,
): Promise<void> {
  const present = await source.range();
  const range = {
    startMs: Math.max(present.startMs, limits.startMs),
    endMs: Math.min(present.endMs, limits.endMs),
  };
  const names = range.startMs <= range.endMs ? await source.names(range) : [];
  const progress = progressBar("Exporting", showsProgress ? names.length : undefined);
  try {
    for (const [i, name] of names.entries()) {
      await writeMetric(source, name, range, text, write);
      progress.update(i + 1, counted(text.samples, "sample"));
    }
  } finally {
    progress.stop();
  }
  write("# EOF\n");
}

/** Goes through the range in stretches that grow and shrink so that each has about as many samples as wanted. */
async function writeMetric(
  source: ExportSource,
  name: string,
  { startMs, endMs }: Range,
  text: SampleText,
  write: (lines: string) => void,
): Promise<void> {
  const estimate = await source.estimate(name, { startMs, endMs });
  const spanMs = endMs - startMs + 1;
  let lengthMs = Math.max(1, Math.ceil(spanMs * Math.min(1, source.samplesMax / Math.max(1, estimate))));
  for (let fromMs = startMs; fromMs <= endMs;) {
    const toMs = Math.min(endMs, fromMs + lengthMs - 1);
    const series = await source.select(name, { startMs: fromMs, endMs: toMs });
    series.sort((a, b) => compareLabels(a.labels, b.labels));
    const before = text.samples;
    for (const one of series) text.series(one, write);
    const samples = text.samples - before;
    if (samples > source.samplesMax) lengthMs = Math.max(1, Math.floor(lengthMs / 2));
    else if (samples < source.samplesMax / 4) lengthMs *= 2;
    fromMs = toMs + 1;
  }
}
