/**
 * Starting again after `kill -9`: how long until scraping goes on and the server is ready.
 *
 * The smaller case scrapes what 2 h of scrapes every 15 s are: as many samples of as many series, only faster. Prometheus
 * has all of them in its head and log. Narthex writes its head to a block whenever it takes more than so many bytes per
 * series, in 2 h as in 2 min: its log then begins anew, and has at most a flush's worth of samples. So that no server is
 * killed just after that, it is killed when its log is about as long as it was at its longest; "log to replay" tells.
 */
import { type Bench, bytesOnDisk, forEachSubject, newDirectory, type Part, sleep } from "../bench.ts";
import { sumOf } from "../metrics_text.ts";
import { type ScrapeLoad, withScrapeLoad } from "../scrape_load.ts";
import type { Server, Subject } from "../subjects.ts";

interface Case {
  readonly name: string;
  readonly targets: number;
  /** Short, so that the head gathers in a minute or two what otherwise takes hours. */
  readonly intervalMs: number;
  /** Scrapes of each target to gather. */
  readonly scrapes: number;
  readonly limitSeconds: number;
}

const SERIES_PER_TARGET = 10_000;
/** A server is killed when its log has this share of the greatest length it had, or after so many times the scrapes. */
const LONG_LOG = 0.8, LATEST_KILL = 1.5;

export const start: Part = {
  name: "start",
  summary: "start after kill -9: 200,000 series with 2 h of scrapes, 1,000,000 with 30 scrapes",
  limitSeconds: 1500,
  async run(bench) {
    const { isQuick } = bench;
    // 2 h of scrapes every 15 s are 480; the larger case has fewer, to stay within minutes. "samples gathered" tells
    // whether the time sufficed.
    const small = {
      name: "200k series",
      targets: 20,
      intervalMs: 250,
      scrapes: isQuick ? 60 : 480,
      limitSeconds: 240,
    };
    const large = {
      name: "1 M series",
      targets: 100,
      intervalMs: 2000,
      scrapes: isQuick ? 5 : 30,
      limitSeconds: 180,
    };
    for (const size of [small, large]) await compare(bench, size);
  },
};

function compare(bench: Bench, size: Case): Promise<void> {
  return withScrapeLoad(
    bench,
    { targets: size.targets, seriesPerTarget: SERIES_PER_TARGET },
    (load) =>
      forEachSubject(
        bench,
        "start",
        (subject, set) =>
          measure(
            bench,
            size,
            load,
            subject,
            (name, unit, value) => set(`${size.name}: ${name}`, unit, value),
          ),
      ),
  );
}

async function measure(
  bench: Bench,
  size: Case,
  load: ScrapeLoad,
  subject: Subject,
  set: (name: string, unit: string, value: number) => void,
): Promise<void> {
  const storage = newDirectory(bench, "start", subject.name);
  const config = load.config(size.intervalMs);
  const filling = subject.start(bench.children, { config, storage });
  await filling.ready();
  await load.reset();
  const deadline = Date.now() + size.limitSeconds * 1000;
  let logBytes = 0, longestLogBytes = 0;
  for (;;) {
    await sleep(0.5);
    logBytes = await logBytesOf(subject, filling, storage);
    longestLogBytes = Math.max(longestLogBytes, logBytes);
    const { scrapes } = await load.stats(), enough = size.scrapes * size.targets;
    const isLong = logBytes >= LONG_LOG * longestLogBytes || scrapes >= LATEST_KILL * enough;
    if (scrapes >= enough && isLong || Date.now() >= deadline) break;
  }
  const { scrapes } = await load.stats();
  const killedMs = Date.now();
  await filling.kill();
  set("samples gathered before the kill", "M", scrapes * SERIES_PER_TARGET / 1e6);
  set("log to replay", "MB", logBytes / 1e6);

  await load.reset();
  const server = subject.start(bench.children, { config, storage });
  const readySeconds = await server.ready(300);
  set("to ready", "s", readySeconds);
  const firstDeadline = Date.now() + 10_000 + 2 * size.intervalMs;
  let { firstRequestMs } = await load.stats();
  while (firstRequestMs === 0 && Date.now() < firstDeadline) {
    await sleep(0.02);
    ({ firstRequestMs } = await load.stats());
  }
  if (firstRequestMs > 0) set("to first scrape", "s", (firstRequestMs - server.startedMs) / 1000);
  else bench.report.problem("start", subject.name, `${size.name}: no scrape within 10 s of being ready`);
  set("peak RSS of the start", "MB", server.usage().peakRssBytes / 1e6);
  set("scrapes before the kill that can be read", "%", 100 * await scrapesUntil(server, killedMs) / scrapes);
  await server.kill();
  Deno.removeSync(storage, { recursive: true });
  await load.reset();
}

/** Bytes of the write-ahead log. */
async function logBytesOf(subject: Subject, server: Server, storage: string): Promise<number> {
  if (subject.name === "prometheus") return bytesOnDisk(`${storage}/wal`);
  return sumOf(await server.metrics(), "narthex_tsdb_wal_bytes") ?? 0;
}

/** How many scrapes of the last hour are stored. */
async function scrapesUntil(server: Server, untilMs: number): Promise<number> {
  const { result } = await server.query("/api/v1/query", {
    query: `sum(count_over_time(up{job="load"}[1h]))`,
    time: String(untilMs / 1000),
  });
  return Number(result[0]?.value[1] ?? 0);
}
