import { Labels } from "../../../engine/labels/labels.ts";
import { Engine } from "../../../engine/promql/engine.ts";
import type { Queryable, SeriesColumns } from "../../../engine/tsdb/select.ts";

/** 2,000 series of 20 targets over six hours and a bit, every 15 s, as dashboards look at them. */
const HOUR = 3_600_000, SCRAPE = 15_000, START = 1_700_000_000_000;
const series = generate();
const store: Queryable = {
  select: ({ matchers }) =>
    Promise.resolve(
      series.filter(({ labels }) => matchers.every((matcher) => matcher.matches(labels.get(matcher.name)))),
    ),
};
const engine = new Engine({ now: () => performance.now() });

const QUERIES: readonly string[] = [
  "x_total",
  "sum(x_total)",
  "sum by (code) (x_total)",
  "rate(x_total[5m])",
  "sum by (code) (rate(x_total[5m]))",
  "sum without (instance) (rate(x_total[1m]))",
  "x_total * 2",
  "x_total / on (instance, code, path) x_total",
  "x_total * on (instance) group_left (version) build_info",
  "topk(5, rate(x_total[5m]))",
  "histogram_quantile(0.9, sum by (le, path) (rate(x_bucket[5m])))",
  "max_over_time(x_total[10m])",
  "quantile_over_time(0.9, x_total[10m])",
  "avg_over_time(x_total[10m])",
  "max_over_time(rate(x_total[5m])[30m:1m])",
  "abs(x_total) > 100",
];

for (const query of QUERIES) {
  Deno.bench(query, { group: query }, async () => {
    const { value } = await engine.range(store, query, START + HOUR, START + 6 * HOUR, 60_000);
    if (value.type !== "matrix" || value.series.length === 0) throw new Error(`${query} has no result`);
  });
}

function generate(): SeriesColumns[] {
  const samples = 6 * HOUR / SCRAPE;
  const all: SeriesColumns[] = [];
  for (let target = 0; target < 20; target++) {
    const times = Float64Array.from({ length: samples }, (_, i) => START + i * SCRAPE + target * 97);
    const instance = `10.0.0.${target}:9100`;
    const add = (labels: Record<string, string>, slope: number) => {
      let value = 0;
      const values = Float64Array.from({ length: samples }, (_, i) => {
        value += (i * 7 + slope * 13) % 5;
        if (i % 997 === 996) value = 0;
        return value;
      });
      all.push({ labels: Labels.from({ ...labels, instance, job: "node" }), times, values });
    };
    for (let path = 0; path < 20; path++) {
      for (const code of ["200", "301", "404", "500", "503"]) {
        add({ __name__: "x_total", code, path: `/api/v1/resource/${path}` }, path + Number(code));
      }
      if (path >= 10) continue;
      for (const le of ["0.005", "0.01", "0.05", "0.1", "0.5", "1", "2.5", "5", "10", "+Inf"]) {
        add(
          { __name__: "x_bucket", le, path: `/api/v1/resource/${path}` },
          100 * Number(le === "+Inf" ? 20 : le),
        );
      }
    }
    add({ __name__: "build_info", version: `1.${target}` }, 0);
  }
  return all;
}
