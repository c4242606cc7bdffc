/** Scraping under load: CPU, memory, disk, missed scrapes and the time until samples are durable. */
import { bytesOnDisk, forEachSubject, newDirectory, type Part, sleep } from "../bench.ts";
import type { Bench } from "../bench.ts";
import { quantileBetween, sumOf } from "../metrics_text.ts";
import { machineBusySeconds } from "../process_usage.ts";
import { type LoadShape, type ScrapeLoad, withScrapeLoad } from "../scrape_load.ts";
import type { Server, Subject } from "../subjects.ts";

/** Where a server tells how long samples took from the end of their scrape to the disk. Prometheus does not. */
const COMMIT_HISTOGRAM = "narthex_scrape_to_commit_seconds";

/** Metrics that stay 0 as long as nothing is lost. */
const TROUBLES = ["narthex_tsdb_commit_failures_total", "narthex_tsdb_lost_rows_total"];

interface IngestPlan extends LoadShape {
  readonly intervalMs: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
}

type SetFigure = (name: string, unit: string, value: number) => void;

export const ingest: Part = {
  name: "ingest",
  summary: "15 targets x 10,140 series every second",
  limitSeconds: 400,
  run: (bench) =>
    compare(bench, "ingest", {
      targets: 15,
      seriesPerTarget: 10_140,
      intervalMs: 1000,
      // Until each shard has flushed its head once, with all that V8 compiles at that; it does so again while measured.
      warmupSeconds: bench.isQuick ? 6 : 75,
      seconds: bench.isQuick ? 15 : 60,
    }),
};

export const ingestMax: Part = {
  name: "ingest-max",
  summary: "100 targets x 10,000 series every second, generator on the same cores",
  limitSeconds: 500,
  run: (bench) =>
    compare(bench, "ingest-max", {
      targets: 100,
      seriesPerTarget: 10_000,
      intervalMs: 1000,
      warmupSeconds: bench.isQuick ? 10 : 20,
      seconds: bench.isQuick ? 20 : 60,
    }),
};

export const memory: Part = {
  name: "memory",
  summary: "1,000,000 series every 15 seconds",
  limitSeconds: 900,
  run: (bench) =>
    compare(bench, "memory", {
      targets: 100,
      seriesPerTarget: 10_000,
      intervalMs: 15_000,
      warmupSeconds: bench.isQuick ? 20 : 60,
      seconds: bench.isQuick ? 30 : 180,
    }),
};

function compare(bench: Bench, part: string, plan: IngestPlan): Promise<void> {
  return withScrapeLoad(bench, plan, (load) =>
    forEachSubject(bench, part, (subject, set) => {
      const problem = (message: string) => bench.report.problem(part, subject.name, message);
      return measure(bench, part, plan, load, subject, set, problem);
    }));
}

async function measure(
  bench: Bench,
  part: string,
  plan: IngestPlan,
  load: ScrapeLoad,
  subject: Subject,
  set: SetFigure,
  problem: (message: string) => void,
): Promise<void> {
  const storage = newDirectory(bench, part, subject.name);
  const server = subject.start(bench.children, { config: load.config(plan.intervalMs), storage });
  await server.ready();
  await sleep(plan.warmupSeconds);
  const before = await snapshot(server, load);
  await sleep(plan.seconds);
  const after = await snapshot(server, load);

  const elapsed = (after.ms - before.ms) / 1000;
  const served = after.scrapes - before.scrapes;
  const appended = after.samples === undefined || before.samples === undefined
    ? served * plan.seriesPerTarget
    : after.samples - before.samples;
  const cpuSeconds = after.usage.cpuSeconds - before.usage.cpuSeconds;
  const othersCores = (after.machineSeconds - before.machineSeconds - cpuSeconds -
    (after.loadSeconds - before.loadSeconds)) / elapsed;
  set("samples stored", "samples/s", appended / elapsed);
  set("CPU per million samples", "s", cpuSeconds / (appended / 1e6));
  set("CPU", "cores", cpuSeconds / elapsed);
  bench.report.notes.push(
    `${part}, ${subject.name}: ${
      othersCores.toFixed(2)
    } cores were busy with work that is not the benchmark's`,
  );
  set("RSS", "MB", after.usage.rssBytes / 1e6);
  set("RSS per active series", "bytes", after.usage.rssBytes / load.activeSeries);
  set("peak RSS", "MB", after.usage.peakRssBytes / 1e6);
  set(
    "written to disk per sample",
    "bytes",
    (after.usage.writtenBytes - before.usage.writtenBytes) / appended,
  );
  checkAppended(appended, served * plan.seriesPerTarget, problem);
  for (const metric of TROUBLES) {
    const count = sumOf(after.metrics, metric) ?? 0;
    if (count > 0) problem(`${metric} is ${count}`);
  }
  if (sumOf(after.metrics, "narthex_tsdb_commits_total") === 0) problem("it committed nothing to disk");
  const uncommitted = sumOf(after.metrics, "narthex_tsdb_uncommitted_bytes");
  if (uncommitted !== undefined) set("appended and not on disk at the end", "MB", uncommitted / 1e6);
  const p50 = quantileBetween(before.metrics, after.metrics, COMMIT_HISTOGRAM, 0.5);
  const p99 = quantileBetween(before.metrics, after.metrics, COMMIT_HISTOGRAM, 0.99);
  if (p50 !== undefined) set("end of scrape to disk, p50 at most", "ms", p50 * 1000);
  if (p99 !== undefined) set("end of scrape to disk, p99 at most", "ms", p99 * 1000);
  else if (subject.name === "narthex") problem(`no ${COMMIT_HISTOGRAM} in its metrics`);

  try {
    const scrapes = await scrapesBetween(server, before.ms, after.ms, plan);
    set("scrapes missed", "%", 100 * scrapes.missed / scrapes.expected);
    set("scrapes failed", "%", 100 * scrapes.failed / scrapes.expected);
    await checkStored(server, load, problem);
  } catch (error) {
    problem(`cannot count scrapes by query: ${(error as Error).message}`);
  }
  set("graceful stop", "s", await server.stop());
  const totalSamples = (await load.stats()).scrapes * plan.seriesPerTarget;
  await load.reset();
  set("disk, log included, per sample", "bytes", bytesOnDisk(storage) / totalSamples);
  Deno.removeSync(storage, { recursive: true });
}

async function snapshot(server: Server, load: ScrapeLoad) {
  const metrics = await server.metrics();
  return {
    ms: Date.now(),
    metrics,
    samples: sumOf(metrics, "prometheus_tsdb_head_samples_appended_total"),
    scrapes: (await load.stats()).scrapes,
    usage: server.usage(),
    loadSeconds: load.usage().cpuSeconds,
    machineSeconds: machineBusySeconds(),
  };
}

/** Counts the scrapes between two times from the timestamps of `up`: a gap of two intervals is one that is missed. */
async function scrapesBetween(
  server: Server,
  startMs: number,
  endMs: number,
  { targets, intervalMs }: IngestPlan,
) {
  const range = Math.ceil((endMs - startMs) / 1000);
  const { result } = await server.query("/api/v1/query", {
    query: `up{job="load"}[${range}s]`,
    time: String(endMs / 1000),
  });
  const series = result as { values: [number, string][] }[];
  const perTarget = Math.floor(range * 1000 / intervalMs);
  let missed = (targets - series.length) * perTarget, failed = 0;
  for (const { values } of series) {
    // A scrape at each end of the range may belong to either side.
    missed += Math.max(0, perTarget - 1 - values.length);
    failed += values.filter(([, up]) => up !== "1").length;
  }
  return { expected: targets * perTarget, missed, failed };
}

/** A tenth fewer samples than were served mean that scrapes are thrown away after they were read. */
function checkAppended(appended: number, served: number, problem: (message: string) => void): void {
  if (appended < 0.9 * served) problem(`it stored ${appended} samples of ${served} that it was served`);
}

/** The last scrape of every target must be there in full, and only that. */
async function checkStored(
  server: Server,
  load: ScrapeLoad,
  problem: (message: string) => void,
): Promise<void> {
  const { result } = await server.query("/api/v1/query", { query: `count({job="load"})` });
  const found = Number(result[0]?.value[1] ?? 0);
  if (found !== load.activeSeries) {
    problem(`${found} series can be queried where ${load.activeSeries} are scraped`);
  }
}
