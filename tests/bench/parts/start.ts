/** Starting again after `kill -9`: how long until scraping goes on and the server is ready. */
import { type Bench, forEachSubject, newDirectory, type Part, sleep } from "../bench.ts";
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

export const start: Part = {
  name: "start",
  summary: "start after kill -9 with 200,000 and 1,000,000 series in the head",
  limitSeconds: 1500,
  async run(bench) {
    const { isQuick } = bench;
    // 2 h of scrapes every 15 s are 480; the larger case has fewer, to stay within minutes.
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
  while ((await load.stats()).scrapes < size.scrapes * size.targets && Date.now() < deadline) {
    await sleep(0.5);
  }
  const { scrapes } = await load.stats();
  const killedMs = Date.now();
  await filling.kill();
  set("samples gathered before the kill", "M", scrapes * SERIES_PER_TARGET / 1e6);

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

/** How many scrapes of the last hour are stored. */
async function scrapesUntil(server: Server, untilMs: number): Promise<number> {
  const { result } = await server.query("/api/v1/query", {
    query: `sum(count_over_time(up{job="load"}[1h]))`,
    time: String(untilMs / 1000),
  });
  return Number(result[0]?.value[1] ?? 0);
}
