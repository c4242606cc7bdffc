/** What the load generator itself can do and costs: the share of a core that is not the scraper's. */
import { type Bench, type Part, sleep } from "../bench.ts";
import { LOAD_PORT, type ScrapeLoad, withScrapeLoad } from "../scrape_load.ts";

const SHAPE = { targets: 100, seriesPerTarget: 10_000 };
const CONNECTIONS_UNPACED = 4;

export const generator: Part = {
  name: "generator",
  summary: "capacity and cost of the load generator",
  limitSeconds: 120,
  run: (bench) => withScrapeLoad(bench, SHAPE, (load) => measure(bench, load)),
};

async function measure(bench: Bench, load: ScrapeLoad): Promise<void> {
  const seconds = bench.isQuick ? 4 : 10;
  const { bytesPerSample } = await load.stats();
  const note = (text: string) => bench.report.notes.push(`generator: ${text}`);
  note(`${bytesPerSample.toFixed(1)} bytes of exposition per sample`);
  await read(1, 1000); // warm-up
  for (const [what, intervalMs] of [["at 1 M samples/s", 1000], ["unpaced", 0]] as const) {
    const cpuBefore = load.usage().cpuSeconds, start = performance.now();
    const scrapes = await read(seconds, intervalMs);
    const elapsed = (performance.now() - start) / 1000,
      cores = (load.usage().cpuSeconds - cpuBefore) / elapsed;
    const rate = scrapes * SHAPE.seriesPerTarget / elapsed;
    note(
      `${what}: ${(rate / 1e6).toFixed(2)} M samples/s, ${(rate * bytesPerSample / 1e6).toFixed(0)} MB/s ` +
        `with ${cores.toFixed(2)} cores (${(cores / rate * 1e6).toFixed(3)} CPU-seconds per million samples)`,
    );
  }
}

/** Scrapes all targets and throws the bytes away. @param intervalMs 0 is as fast as it goes. @returns The scrapes. */
async function read(seconds: number, intervalMs: number): Promise<number> {
  const deadline = performance.now() + seconds * 1000;
  const lanes = intervalMs === 0 ? CONNECTIONS_UNPACED : SHAPE.targets;
  const counts = await Promise.all(Array.from({ length: lanes }, async (_, lane) => {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: LOAD_PORT });
    const buffer = new Uint8Array(1 << 18);
    let scrapes = 0;
    for (let due = performance.now(); due < deadline; scrapes++) {
      await scrape(conn, (lane + scrapes * lanes) % SHAPE.targets, buffer);
      due = Math.max(due + intervalMs, performance.now());
      if (intervalMs > 0) await sleep((due - performance.now()) / 1000);
    }
    return scrapes;
  }));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function scrape(conn: Deno.Conn, target: number, buffer: Uint8Array): Promise<void> {
  await conn.write(new TextEncoder().encode(`GET /t/${target}/metrics HTTP/1.1\r\nHost: bench\r\n\r\n`));
  let missing = -1; // until the header told
  while (missing !== 0) {
    const count = await conn.read(buffer);
    if (count === null) throw new Error("The load generator closed the connection");
    if (missing < 0) {
      const head = new TextDecoder("latin1").decode(buffer.subarray(0, Math.min(count, 512)));
      missing = Number(/Content-Length: (\d+)/.exec(head)![1]) + head.indexOf("\r\n\r\n") + 4;
    }
    missing -= count;
  }
}
