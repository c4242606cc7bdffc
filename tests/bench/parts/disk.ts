/** Bytes per sample of node_exporter's metrics at rest, from one and the same import file. */
import { type Bench, bytesOnDisk, forEachSubject, newDirectory, type Part, sleep } from "../bench.ts";
import { OpenMetricsFile } from "../open_metrics.ts";
import { freePort } from "../../integration/_server.ts";
import { firstLineOf } from "../subjects.ts";

const INSTANCES = 4;
const BLOCK_SECONDS = 2 * 3600;

export const disk: Part = {
  name: "disk",
  summary: "bytes per sample of a real node_exporter after import",
  limitSeconds: 900,
  async run(bench) {
    if (firstLineOf("prometheus-node-exporter", ["--version"]) === undefined) {
      return bench.report.problem("disk", "all", "there is no `prometheus-node-exporter` on the path");
    }
    const seconds = bench.isQuick ? 45 : 300;
    bench.log(`disk: scraping node_exporter for ${seconds} s`);
    const { path, samples, series } = await capture(bench, seconds);
    bench.report.notes.push(
      `disk: ${samples} samples of ${series} series of node_exporter, one per second each`,
    );
    await forEachSubject(bench, "disk", async (subject, set) => {
      const storage = newDirectory(bench, "disk", subject.name), before = performance.now();
      await subject.import(bench.children, [path], storage);
      set("import", "M samples/s", samples / 1e6 / ((performance.now() - before) / 1000));
      set("directory after import", "bytes/sample", bytesOnDisk(storage) / samples);
      const server = subject.start(bench.children, { config: "global: {}\n", storage });
      await server.ready();
      await server.quiet();
      const { result } = await server.query("/api/v1/query", { query: `{job="node"}[1d]` });
      const found = (result as { values: unknown[] }[]).reduce((sum, { values }) => sum + values.length, 0);
      if (found !== samples) {
        bench.report.problem("disk", subject.name, `${found} of ${samples} samples can be read`);
      }
      await server.stop();
      set("directory after a start and stop", "bytes/sample", bytesOnDisk(storage) / samples);
    });
  },
};

/** Scrapes a node_exporter once a second as each of several instances, a part of a second apart. */
async function capture(
  bench: Bench,
  seconds: number,
): Promise<{ path: string; samples: number; series: number }> {
  const address = `127.0.0.1:${freePort()}`;
  const exporter = bench.children.spawn("prometheus-node-exporter", [`--web.listen-address=${address}`]);
  await sleep(1);
  const columns = new Map<string, { values: string[]; times: number[] }>();
  // Inside one block, so that neither side pays for a second one.
  const now = Date.now() / 1000, end = Math.floor(now / BLOCK_SECONDS) * BLOCK_SECONDS;
  const startSeconds = end - BLOCK_SECONDS + 1, begin = performance.now();
  for (let step = 0; step < seconds; step++) {
    for (let instance = 0; instance < INSTANCES; instance++) {
      const due = begin + 1000 * (step + instance / INSTANCES);
      await sleep(Math.max(0, due - performance.now()) / 1000);
      const text = await (await fetch(`http://${address}/metrics`)).text();
      const time = startSeconds + step + instance / INSTANCES;
      for (const [series, value] of samplesOf(text, `job="node",instance="host-${instance}:9100"`)) {
        const column = columns.get(series);
        if (column === undefined) columns.set(series, { values: [value], times: [time] });
        else column.values.push(value), column.times.push(time);
      }
    }
  }
  await bench.children.stop(exporter);
  const file = new OpenMetricsFile(`${newDirectory(bench, "disk")}/node.om`);
  // Sorted, so that the samples of a metric follow each other as OpenMetrics asks.
  for (const [series, { values, times }] of [...columns].toSorted(([a], [b]) => a < b ? -1 : 1)) {
    values.forEach((value, i) => file.sample(series, value, times[i]!));
  }
  file.close();
  return { path: file.path, samples: file.samples, series: columns.size };
}

/** Series and values of a scrape, with the labels that a server would add. */
function* samplesOf(text: string, labels: string): Generator<[series: string, value: string]> {
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const end = line.lastIndexOf(" "), series = line.slice(0, end);
    const labelled = series.endsWith("}") ? `${series.slice(0, -1)},${labels}}` : `${series}{${labels}}`;
    yield [labelled, line.slice(end + 1)];
  }
}
