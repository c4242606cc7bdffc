import assert from "node:assert/strict";
import { writeProtobuf } from "../../engine/exposition/protobuf_writer.ts";
import { FloatHistogram } from "../../engine/histogram/float_histogram.ts";
import { Labels } from "../../engine/labels/labels.ts";
import { hasPrometheus, Prometheus, prometheusMissing } from "./_prometheus.ts";
import { Server, temporaryDirectory, until } from "./_server.ts";

const LATENCY = new FloatHistogram({
  schema: 1,
  zeroThreshold: 1e-128,
  zeroCount: 2,
  count: 12,
  sum: 18.5,
  positiveSpans: [{ offset: -3, length: 2 }, { offset: 200, length: 1 }],
  positiveBuckets: Float64Array.of(1, 4, 2),
  negativeSpans: [{ offset: 1, length: 1 }],
  negativeBuckets: Float64Array.of(3),
});
const FRACTIONS = LATENCY.with({
  count: 12.5,
  zeroCount: 2.5,
});
const TYPE = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

Deno.test({
  name: "Prometheus reads /metrics and /federate as protobuf, native histograms included" + prometheusMissing,
  ignore: !hasPrometheus,
  fn: async () => {
    const metric = (native: FloatHistogram) => [{
      labels: Labels.from({ path: "/ä" }),
      histogram: { count: native.count, sum: native.sum, buckets: [], native },
    }];
    const target = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
      const body = writeProtobuf([
        { name: "latency_seconds", help: "", type: "histogram", metrics: metric(LATENCY) },
        { name: "fractions", help: "", type: "histogram", metrics: metric(FRACTIONS) },
        { name: "plain", help: "", type: "gauge", metrics: [{ labels: Labels.empty, value: -3 }] },
      ], "underscores");
      return new Response(body, { headers: { "content-type": TYPE } });
    });
    await using directory = await temporaryDirectory();
    await using server = await Server.start({
      storagePath: `${directory.path}/data`,
      config: `
global: { scrape_interval: 1s, scrape_native_histograms: true }
scrape_configs:
- { job_name: native, static_configs: [{ targets: ["127.0.0.1:${target.addr.port}"] }] }
`,
    });
    await server.ready();
    const address = new URL(server.url).host;
    await using prometheus = await Prometheus.start(
      `
global: { scrape_interval: 1s }
scrape_configs:
- job_name: federate
  metrics_path: /federate
  honor_labels: true
  params: { "match[]": ['{job="native"}'] }
  static_configs: [{ targets: ["${address}"] }]
- { job_name: own, static_configs: [{ targets: ["${address}"] }] }
`,
      { args: ["--enable-feature=native-histograms"] },
    );
    const value = async (query: string) => [...(await prometheus.query(query)).values()];
    await until(
      async () =>
        (await value('histogram_count(latency_seconds{job="native"})')).length === 1 &&
        (await value("prometheus_tsdb_head_series")).length === 1,
      () => `Prometheus has not scraped:\n${prometheus.log}\n${server.log}`,
    );
    for (
      const [query, want] of [
        ['histogram_count(latency_seconds{path="/ä"})', 12],
        ["histogram_sum(latency_seconds)", 18.5],
        ["histogram_fraction(-Inf, 0, latency_seconds)", 4 / 12],
        ["histogram_count(fractions)", 12.5],
        ['plain{job="native"}', -3],
        ['count(up{job="own"} == 1)', 1],
        ['count(up{job="federate"} == 1)', 1],
      ] as const
    ) {
      const [got] = await value(query);
      assert.ok(Math.abs(got - want) < 1e-9, `${query}: found ${got}, expected ${want}`);
    }
    const buckets = async (url: string, query: string) => {
      const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query })}`);
      const { result } = (await response.json()).data as { result: { histogram: [number, object] }[] };
      return result.map(({ histogram }) => histogram[1]);
    };
    for (const query of ["latency_seconds", "fractions"]) {
      const ours = await buckets(server.url, query);
      assert.equal(ours.length, 1);
      assert.deepEqual(await buckets(prometheus.url, query), ours);
    }
    // Summaries, classic and native histograms among our own metrics.
    for (
      const query of [
        'histogram_count(prometheus_http_request_duration_seconds{handler="/metrics"})',
        'narthex_scrape_to_commit_seconds_bucket{le="+Inf"}',
        "narthex_scrape_to_commit_seconds_count",
        'prometheus_engine_query_duration_seconds{quantile="0.9",slice="inner_eval"}',
        "process_start_time_seconds > 1e9",
      ]
    ) await until(async () => (await value(query)).length === 1, () => `${query} gives nothing`);
    await target.shutdown();
  },
});
