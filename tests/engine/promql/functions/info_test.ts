import assert from "node:assert/strict";
import { Labels } from "../../../../engine/labels/labels.ts";
import { INFO_FUNCTIONS } from "../../../../engine/promql/functions/info.ts";
import { ExecutionError } from "../../../../engine/promql/query_errors.ts";
import { setStale, wordsOf } from "../../../../engine/sample.ts";
import type { SeriesColumns } from "../../../../engine/tsdb/select.ts";
import { callOf, evaluate, series } from "./_call.ts";

const MINUTE_MS = 60_000;
const identity = { job: "j", instance: "i" };

/** An info series with samples at these minutes; `staleAt` the minute of a staleness marker. */
function stored(labels: Record<string, string>, minutes: number[], staleAt?: number): SeriesColumns {
  const all = staleAt === undefined ? minutes : [...minutes, staleAt];
  const values = new Float64Array(all.length).fill(1);
  if (staleAt !== undefined) setStale(wordsOf(values), minutes.length);
  return {
    labels: Labels.from({ __name__: "target_info", ...identity, ...labels }),
    times: Float64Array.from(all, (minute) => minute * MINUTE_MS),
    values,
  };
}

const base = [series({ __name__: "x", ...identity, a: "1" }, 1, 2, 3)];

for (
  const { name, query = "info(x)", series: info, want } of [
    {
      name: "adds the labels of the info series, but not over its own",
      series: [stored({ v: "1", a: "2" }, [0, 1, 2])],
      want: { '{__name__="x", a="1", instance="i", job="j", v="1"}': [1, 2, 3] },
    },
    {
      name: "takes the newest info series",
      series: [stored({ v: "1" }, [0]), stored({ v: "2" }, [1])],
      want: {
        '{__name__="x", a="1", instance="i", job="j", v="1"}': [1, undefined, undefined],
        '{__name__="x", a="1", instance="i", job="j", v="2"}': [undefined, 2, 3],
      },
    },
    {
      name: "leaves series as they are where the info series is stale",
      series: [stored({ v: "1" }, [0], 1)],
      want: {
        '{__name__="x", a="1", instance="i", job="j", v="1"}': [1, undefined, undefined],
        '{__name__="x", a="1", instance="i", job="j"}': [undefined, 2, 3],
      },
    },
    {
      name: "adds only the labels that are asked for",
      query: 'info(x, {v=~".+"})',
      series: [stored({ v: "1", w: "2" }, [0])],
      want: { '{__name__="x", a="1", instance="i", job="j", v="1"}': [1, 2, 3] },
    },
    {
      name: "drops series without an info series if a matcher needs one",
      query: 'info(x, {v=~".+"})',
      series: [stored({ w: "2" }, [0])],
      want: {},
    },
    {
      name: "looks at the info series at the time of @",
      query: "info(x @ 60)",
      series: [stored({ v: "1" }, [0]), stored({ v: "2" }, [1])],
      want: { '{__name__="x", a="1", instance="i", job="j", v="2"}': [1, 2, 3] },
    },
  ]
) {
  Deno.test(`info() ${name}`, async () => {
    const call = callOf(query, [base], { steps: 3, stored: info });
    assert.deepEqual(await evaluate(INFO_FUNCTIONS, call), want);
  });
}

Deno.test("info() fails where info metrics disagree", async () => {
  const info = [stored({ v: "1" }, [0]), stored({ __name__: "build_info", v: "2" }, [0])];
  const call = callOf('info(x, {__name__=~".+_info"})', [base], { steps: 3, stored: info });
  await assert.rejects(() => evaluate(INFO_FUNCTIONS, call), new ExecutionError("conflicting label: v"));
});

Deno.test("info() passes info series through", async () => {
  const itself = [series({ __name__: "target_info", ...identity, v: "1" }, 1)];
  const call = callOf("info(x)", [itself], { stored: [stored({ v: "2" }, [0])] });
  assert.deepEqual(await evaluate(INFO_FUNCTIONS, call), {
    '{__name__="target_info", instance="i", job="j", v="1"}': [1],
  });
});
