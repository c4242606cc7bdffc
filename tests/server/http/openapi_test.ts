import assert from "node:assert/strict";
import { CONFORMANCE } from "../../conformance/folder.ts";
import { existsSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { FloatHistogram } from "../../../engine/histogram/float_histogram.ts";
import { Labels } from "../../../engine/labels/labels.ts";
import type { QueryValue } from "../../../engine/promql/query_result.ts";
import { FLOAT, HISTOGRAM } from "../../../engine/promql/value.ts";
import { fake, instantSeries, resultOf } from "./_fake_deps.ts";
import { type Schema, violations } from "./_json_schema.ts";

const FILE = `${CONFORMANCE}/http-api/openapi.yaml`;
const exists = existsSync(FILE);
const ignored = exists ? "" : ` (skipped: ${FILE} is not there)`;

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Responses }>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}
type Responses = Readonly<Record<string, { content?: { "application/json"?: { schema: Schema } } }>>;

const description = (): Description => parse(readFileSync(FILE, "utf8"));

/** Parameters of a good request by path. */
const REQUESTS: Readonly<Record<string, string>> = {
  "/query": "query=up",
  "/query_range": "query=up&start=0&end=60&step=15",
  "/query_exemplars": "query=up",
  "/format_query": "query=up",
  "/parse_query": "query=up",
  "/labels": "match[]=up",
  "/label/{name}/values": "",
  "/series": "match[]=up",
  "/metadata": "",
  "/scrape_pools": "",
  "/scrape_pools/config": "scrapePool=node",
  "/targets": "",
  "/targets/metadata": "",
  "/targets/relabel_steps": `scrapePool=node&labels=${encodeURIComponent('{"__address__":"a:1"}')}`,
  "/rules": "",
  "/alerts": "",
  "/alertmanagers": "",
  "/status/config": "",
  "/status/runtimeinfo": "",
  "/status/buildinfo": "",
  "/status/flags": "",
  "/status/tsdb": "",
  "/status/tsdb/blocks": "",
  "/status/walreplay": "",
  "/status/self_metrics": "",
  "/admin/tsdb/delete_series": "match[]=up",
  "/admin/tsdb/clean_tombstones": "",
  "/admin/tsdb/snapshot": "",
  "/features": "",
  "/notifications": "",
};

/** Parts of the API that this server does not have. */
const ABSENT = [
  "/search/metric_names",
  "/search/label_names",
  "/search/label_values",
  "/read",
  "/write",
  "/otlp/v1/metrics",
];

Deno.test(`every path of upstream's description is served or known to be absent${ignored}`, {
  ignore: !exists,
}, () => {
  assert.deepEqual(Object.keys(description().paths).sort(), [...Object.keys(REQUESTS), ...ABSENT].sort());
});

Deno.test(`good and bad requests get what upstream describes${ignored}`, { ignore: !exists }, async () => {
  const { paths, components: { schemas } } = description();
  const { app } = fake();
  for (const [path, query] of Object.entries(REQUESTS)) {
    for (const [method, { responses }] of Object.entries(paths[path])) {
      const url = `/api/v1${path.replace("{name}", "job")}`;
      const ask = async (query: string) => {
        const body = method === "post" ? new URLSearchParams(query) : undefined;
        return await app.request(body === undefined ? `${url}?${query}` : url, {
          method: method.toUpperCase(),
          body,
        });
      };
      const good = await ask(query);
      if (good.status !== 204) {
        const schema = responses["200"].content!["application/json"]!.schema;
        assert.deepEqual(violations(schema, await good.json(), schemas), [], `${method} ${path}`);
      }
      assert.ok(good.ok, `${method} ${path}: ${good.status}`);
      const bad = await ask("");
      if (bad.ok) continue;
      const schema = responses.default.content!["application/json"]!.schema;
      assert.deepEqual(violations(schema, await bad.json(), schemas), [], `${method} ${path}`);
    }
  }
});

Deno.test(`results of queries fit upstream's description${ignored}`, { ignore: !exists }, async () => {
  const { components: { schemas } } = description();
  const labels = Labels.from({ __name__: "up" }),
    times = Float64Array.of(0, 1500),
    values = Float64Array.of(1, NaN);
  const histogram = new FloatHistogram({
    count: 1,
    sum: 1,
    positiveSpans: [{ offset: 0, length: 1 }],
    positiveBuckets: Float64Array.of(1),
  });
  const results: QueryValue[] = [
    { type: "scalar", timeMs: 1, value: 1 },
    { type: "vector", timeMs: 1, series: [instantSeries(labels, 1)] },
    { type: "vector", timeMs: 1, series: [instantSeries(labels, 1), instantSeries(labels, histogram)] },
    { type: "matrix", series: [{ labels, times, values, present: Uint8Array.of(FLOAT, FLOAT) }] },
    {
      type: "matrix",
      series: [{
        labels,
        times,
        values,
        present: Uint8Array.of(HISTOGRAM, HISTOGRAM),
        histograms: [histogram, histogram],
      }],
    },
  ];
  for (const value of results) {
    const result = resultOf(value, { warnings: ["w"], infos: ["i"] });
    const { get } = fake({
      queries: { instant: () => Promise.resolve(result), range: () => Promise.resolve(result) },
    });
    const answer = await (await get("/api/v1/query?query=x&stats=all")).json();
    assert.deepEqual(violations(schemas.QueryOutputBody, answer, schemas), []);
    assert.equal(answer.data.resultType, value.type);
  }
});

Deno.test("the validator sees what does not fit", () => {
  const schema: Schema = {
    type: "object",
    required: ["a"],
    properties: {
      a: { oneOf: [{ type: "integer" }, { type: "string" }] },
      b: { type: "array", maxItems: 1 },
    },
    additionalProperties: false,
  };
  assert.deepEqual(violations(schema, { a: 1, b: [] }, {}), []);
  assert.deepEqual(violations(schema, { a: 1.5, b: [1, 2], c: 0 }, {}), [
    "$.a: fits 0 of oneOf",
    "$.b: more than 1 items",
    "$: has c",
  ]);
  assert.deepEqual(violations(schema, {}, {}), ["$: lacks a"]);
});
