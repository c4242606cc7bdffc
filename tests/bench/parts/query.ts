/**
 * Latency and memory of the same queries over the same imported data, asked of both servers in turn. The instant queries
 * are over 10,000 of 200,000 active series.
 */
import { type Bench, forEachSubject, messageOf, newDirectory, type Part } from "../bench.ts";
import { INSTANT, type Query, QueryComparison, RANGE } from "../query_comparison.ts";
import { type DataSet, type DataSets, writeDataSets } from "../query_data.ts";
import type { SubjectName } from "../report.ts";
import type { Server } from "../subjects.ts";

/** Series that begin inside a window are extrapolated otherwise by Prometheus before 3.0: no step looks at their begin. */
const LEAD_IN_SECONDS = 600;

/** Steps start off the minute, so that no step of a subquery falls on the edge of a window either. */
const OFF_GRID_SECONDS = 7;

/** After promql-engine's range query benchmark; 2 h, a step of 30 s. */
const POD_QUERIES = {
  "vector selector": "http_requests_total",
  "sum": "sum(http_requests_total)",
  "sum by pod": "sum by (pod) (http_requests_total)",
  "rate": "rate(http_requests_total[1m])",
  "sum rate": "sum(rate(http_requests_total[1m]))",
  "sum by rate": "sum by (pod) (rate(http_requests_total[1m]))",
  "join one to one": `http_requests_total{container="c1"} / ignoring (container) http_responses_total`,
  "join many to one": "http_requests_total / on (pod) group_left () http_responses_total",
  "vector and scalar": "http_requests_total * 10",
  "histogram_quantile": "histogram_quantile(0.9, http_response_seconds_bucket)",
};

/** Query and step in seconds; over all 6 h. */
const SERVICE_QUERIES: readonly [query: string, step: number][] = [
  ["sum by (code) (rate(x[5m]))", 60],
  ["sum by (code) (rate(x[5m]))", 15],
  ["max(quantile_over_time(0.9, x[10m]))", 60],
  ["sum(max_over_time(x[1h]))", 60],
  ["topk(5, rate(x[5m]))", 60],
  ["sum(x)", 60],
  ["x", 60],
  ["sum by (instance) (x) / on (instance) y", 60],
  ["histogram_quantile(0.9, sum by (le) (rate(latency_seconds_bucket[5m])))", 60],
  ["max_over_time(sum by (code) (rate(x[5m]))[30m:1m])", 60],
];

const INSTANT_REPEATS = 35;
const FLEET_QUERIES = ["up", "sum by (job) (rate(z[5m]))", "count by (job) (up == 0)"];

export const query: Part = {
  name: "query",
  summary: "latency and memory of range and instant queries, answers compared",
  limitSeconds: 900,
  async run(bench) {
    bench.log("query: writing the data sets");
    const sets = writeDataSets(newDirectory(bench, "query"), Date.now() / 1000, bench.isQuick);
    const all = Object.values(sets) as DataSet[];
    for (const { path, series, samples } of all) {
      bench.report.notes.push(`query: ${samples} samples of ${series} series in ${path.split("/").at(-1)}`);
    }
    const servers = await startFilled(bench, all);
    const comparison = new QueryComparison(bench, "query", servers);
    await comparison.askAll([...queriesOf(sets, bench.isQuick ? 3 : 7)]);
    comparison.noteMean("the range queries, both sets together", ["pods:", "services:"]);
    for (const set of ["pods", "services", "instant"]) comparison.noteMean(`the set ${set}`, [`${set}:`]);
    comparison.reportMemory();
    for (const server of servers.values()) await server.stop();
  },
};

/** Servers with the data imported, quiet; those that fail are reported and left out. */
async function startFilled(bench: Bench, all: readonly DataSet[]): Promise<Map<SubjectName, Server>> {
  const filled = new Map<SubjectName, string>(), servers = new Map<SubjectName, Server>();
  await forEachSubject(bench, "query", async (subject) => {
    const storage = newDirectory(bench, "query", subject.name), before = performance.now();
    await subject.import(bench.children, all.map(({ path }) => path), storage);
    bench.log(`query: ${subject.name} imported in ${((performance.now() - before) / 1000).toFixed(1)} s`);
    filled.set(subject.name, storage);
  });
  for (const subject of bench.subjects) {
    const storage = filled.get(subject.name);
    if (storage === undefined) continue;
    const server = subject.start(bench.children, { config: "global: {}\n", storage });
    try {
      await server.ready();
      await server.quiet();
      servers.set(subject.name, server);
    } catch (error) {
      bench.report.problem("query", subject.name, messageOf(error));
    }
  }
  return servers;
}

function* queriesOf({ pods, services, fleet }: DataSets, repeats: number): Generator<Query> {
  const range = (set: DataSet, text: string, step: number) => ({
    query: text,
    start: String(set.startSeconds + LEAD_IN_SECONDS + OFF_GRID_SECONDS),
    end: String(set.endSeconds),
    step: String(step),
  });
  for (const [name, text] of Object.entries(POD_QUERIES)) {
    yield { name: `pods: ${name}`, path: RANGE, parameters: range(pods, text, 30), repeats };
  }
  for (const [text, step] of SERVICE_QUERIES) {
    yield {
      name: `services: ${text}, step ${step}`,
      path: RANGE,
      parameters: range(services, text, step),
      repeats,
    };
  }
  for (const text of FLEET_QUERIES) {
    const parameters = { query: text, time: String(fleet.endSeconds - OFF_GRID_SECONDS) };
    yield { name: `instant: ${text}`, path: INSTANT, parameters, repeats: INSTANT_REPEATS };
  }
}
