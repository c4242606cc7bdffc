import { Labels } from "../../../engine/labels/labels.ts";
import { FLOAT } from "../../../engine/promql/value.ts";
import { queryValueChunks } from "../../../server/http/json/query_result.ts";
import type { QueryValue } from "../../../engine/promql/query_result.ts";

const SERIES = 1000, STEPS = 1000; // a million samples per iteration

function matrix(valueOf: (i: number) => number): QueryValue {
  const times = Float64Array.from({ length: STEPS }, (_, i) => 1_700_000_000_000 + i * 15_000);
  return {
    type: "matrix",
    series: Array.from({ length: SERIES }, (_, s) => ({
      labels: Labels.from({ __name__: "http_requests_total", instance: `host-${s}`, job: "api" }),
      times,
      values: Float64Array.from({ length: STEPS }, (_, i) => valueOf(s * STEPS + i)),
      present: new Uint8Array(STEPS).fill(FLOAT),
    })),
  };
}

const KINDS: readonly [string, QueryValue][] = [
  ["whole numbers", matrix((i) => i * 17)],
  ["three decimals", matrix((i) => Math.round(i * 1.37) / 1000)],
  ["full precision", matrix((i) => i / 7)],
];

for (const [name, value] of KINDS) {
  Deno.bench(`encode a million samples: ${name}`, () => {
    let bytes = 0;
    for (const chunk of queryValueChunks(value)) bytes += chunk.length;
    if (bytes < 1e6) throw new Error("BUG: nothing was encoded");
  });
}
