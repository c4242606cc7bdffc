/**
 * Native histograms: range queries over what both servers scraped from the same targets, as protobuf.
 *
 * Samples have timestamps of their own, 15 s apart, so that both servers hold the same ones although they scrape when
 * they like, and 40 minutes are scraped in one. They lie off the grid of the steps, as in the other data.
 *
 * Prometheus before 3.0 interpolates linearly inside a bucket, later ones exponentially: quantiles are compared up to
 * the width of a bucket, everything else up to rounding.
 */
import { type Bench, forEachSubject, newDirectory, type Part, sleep } from "../bench.ts";
import type { Child } from "../children.ts";
import { SCHEMA } from "../native_histogram_body.ts";
import { type Query, QueryComparison, RANGE } from "../query_comparison.ts";
import type { SubjectName } from "../report.ts";
import type { Server } from "../subjects.ts";

const TARGETS = 8, STEP_SECONDS = 15, STEPS = 160;
const SCRAPE_MS = 400;
/** Prometheus refuses samples more than an hour behind its newest: what is scraped first must not be. */
const LEAD_SECONDS = 45 * 60;
/** Series that begin inside a window are extrapolated otherwise by Prometheus before 3.0: no step looks at their begin. */
const LEAD_IN_SECONDS = 330;
const FILL_LIMIT_SECONDS = 200;
const AIM = 0.2;

const EXACT = ["rate(h[5m])", "sum(rate(h[5m]))", "histogram_count(rate(h[5m]))"];
const QUANTILES = [
  "histogram_quantile(0.9, sum(rate(h[5m])))",
  "histogram_quantile(0.9, rate(h[5m]))",
];

export const native: Part = {
  name: "native",
  summary: "native histograms: latency and memory of range queries, answers compared",
  limitSeconds: 900,
  async run(bench) {
    const seriesPerTarget = bench.isQuick ? 50 : 125;
    bench.report.notes.push(
      `native: ${TARGETS * seriesPerTarget} series, ${STEPS} samples of each, ${STEP_SECONDS} s apart`,
    );
    // A third of a step off the whole minute: no sample is at the edge of any window.
    const startSeconds = Math.floor((Date.now() / 1000 - LEAD_SECONDS) / 60) * 60 + STEP_SECONDS / 3;
    const generator = await startGenerator(bench, seriesPerTarget, startSeconds);
    const servers = await startFilled(bench, generator.port);
    const comparison = new QueryComparison(bench, "native", servers);
    await comparison.askAll([...queries(startSeconds, bench.isQuick ? 3 : 5)]);
    comparison.noteMean("the queries over native histograms", [...EXACT, ...QUANTILES], AIM);
    comparison.reportMemory();
    for (const server of servers.values()) await server.stop();
  },
};

function* queries(startSeconds: number, repeats: number): Generator<Query> {
  const firstStep = startSeconds - STEP_SECONDS / 3 + LEAD_IN_SECONDS;
  const end = startSeconds + (STEPS - 1) * STEP_SECONDS;
  const query = (text: string, tolerance?: number): Query => ({
    name: text,
    path: RANGE,
    parameters: { query: text, start: String(firstStep), end: String(end), step: "60" },
    repeats,
    tolerance,
  });
  for (const text of EXACT) yield query(text);
  for (const text of QUANTILES) yield query(text, 1 - 2 ** -(2 ** -SCHEMA));
}

async function startGenerator(
  bench: Bench,
  seriesPerTarget: number,
  startSeconds: number,
): Promise<{ child: Child; port: number }> {
  const child = bench.children.spawn(Deno.execPath(), [
    "run",
    "--no-config",
    "--allow-net=127.0.0.1",
    `${import.meta.dirname}/../native_histogram_generator.ts`,
    `--targets=${TARGETS}`,
    `--series=${seriesPerTarget}`,
    `--steps=${STEPS}`,
    `--startms=${startSeconds * 1000}`,
    `--stepms=${STEP_SECONDS * 1000}`,
  ], { stdin: "piped", stdout: "piped" });
  const reader = child.process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  if (value === undefined) throw new Error(`The generator did not start:\n${child.lastErrors()}`);
  return { child, port: JSON.parse(value).port };
}

/** Servers that have scraped everything, quiet; those that fail are reported and left out. */
async function startFilled(bench: Bench, port: number): Promise<Map<SubjectName, Server>> {
  const servers = new Map<SubjectName, Server>();
  await forEachSubject(bench, "native", async (subject, set) => {
    const { flags, global } = subject.nativeHistograms;
    const server = subject.start(bench.children, {
      config: configOf(subject.name, port, global),
      storage: newDirectory(bench, "native", subject.name),
      flags,
    });
    await server.ready();
    const before = server.usage().cpuSeconds;
    await filled(subject.name, port);
    await sleep(1);
    set("CPU of scraping and storing", "s", server.usage().cpuSeconds - before);
    await server.quiet();
    servers.set(subject.name, server);
  });
  return servers;
}

/** Waits until the server was given all samples of every target. @throws {Error} If that takes too long. */
async function filled(name: SubjectName, port: number): Promise<void> {
  const deadline = Date.now() + FILL_LIMIT_SECONDS * 1000;
  for (;;) {
    const given: number = await (await fetch(`http://127.0.0.1:${port}/steps/${name}`)).json();
    if (given === STEPS) return;
    if (Date.now() > deadline) throw new Error(`It scraped ${given} of ${STEPS} samples in time`);
    await sleep(0.5);
  }
}

/** Scrapes every target as job `native`; series do not tell which server scraped them. */
function configOf(name: SubjectName, port: number, global: string): string {
  const targets = Array.from(
    { length: TARGETS },
    (_, target) =>
      `      - targets: ["127.0.0.1:${port}"]\n` +
      `        labels: {__metrics_path__: "/t/${name}/${target}", instance: "host-${target}:9100"}\n`,
  );
  return `global:\n  scrape_interval: ${SCRAPE_MS}ms\n  scrape_timeout: ${SCRAPE_MS}ms\n  ${global}\n` +
    `scrape_configs:\n  - job_name: native\n    static_configs:\n${targets.join("")}`;
}
