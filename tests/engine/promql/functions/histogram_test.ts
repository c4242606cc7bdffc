import assert from "node:assert/strict";
import { FloatHistogram } from "../../../../engine/histogram/float_histogram.ts";
import { HISTOGRAM_FUNCTIONS } from "../../../../engine/promql/functions/histogram.ts";
import type { Vector } from "../../../../engine/promql/value.ts";
import { callOf, evaluate, series } from "./_call.ts";

const native = new FloatHistogram({
  count: 4,
  sum: 8,
  positiveSpans: [{ offset: 0, length: 2 }],
  positiveBuckets: Float64Array.of(2, 2),
});

function bucket(le: string, ...counts: number[]): Vector[number] {
  return series({ __name__: "x_bucket", le, a: "b" }, ...counts);
}

function annotationsOf(call: ReturnType<typeof callOf>, query: string): string[] {
  return [...call.annotations.texts("warning", query), ...call.annotations.texts("info", query)];
}

for (
  const { query, want } of [
    { query: "histogram_count(x)", want: 4 },
    { query: "histogram_sum(x)", want: 8 },
    { query: "histogram_avg(x)", want: 2 },
  ]
) {
  Deno.test(`${query} takes histograms only`, async () => {
    const vector = [series({ __name__: "x", a: "1" }, native, 7), series({ __name__: "x", a: "2" }, 1, 1)];
    const call = callOf(query, [vector], { steps: 2 });
    assert.deepEqual(await evaluate(HISTOGRAM_FUNCTIONS, call), { '{a="1"}': [want, undefined] });
  });
}

Deno.test("histogram_quantile() interpolates classic histograms, bounds in any order", async () => {
  const query = "histogram_quantile(0.5, x)";
  const vector = [bucket("+Inf", 4, 4), bucket("1", 2, 0), bucket("2", 4, 4)];
  const call = callOf(query, [0.5, vector], { steps: 2 });
  assert.deepEqual(await evaluate(HISTOGRAM_FUNCTIONS, call), { '{a="b"}': [1, 1.5] });
  assert.deepEqual(annotationsOf(call, query), []);
});

Deno.test("histogram_quantile() names what it had to force into order, once for all steps", async () => {
  const query = "histogram_quantile(0.5, x)";
  const vector = [bucket("1", 3, 4), bucket("2", 2, 2), bucket("+Inf", 4, 4)];
  const call = callOf(query, [0.5, vector], { steps: 2, delayedNameRemoval: true });
  await evaluate(HISTOGRAM_FUNCTIONS, call);
  assert.deepEqual(annotationsOf(call, query), [
    "PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see " +
    "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name " +
    '"x_bucket", from buckets 2 to 2, with a max diff of 2, over 2 samples from 1970-01-01T00:00:00Z to ' +
    "1970-01-01T00:01:00Z (1:25)",
  ]);
});

for (
  const { name, phi, vector, want, warning } of [
    {
      name: "a quantile beyond 1",
      phi: 2,
      vector: [bucket("1", 1), bucket("+Inf", 1)],
      want: { '{a="b"}': [Infinity] },
      warning: "PromQL warning: quantile value should be between 0 and 1, got 2 (1:20)",
    },
    {
      name: "a series without le",
      phi: 0.5,
      vector: [series({ __name__: "x" }, 1)],
      want: {},
      warning: 'PromQL warning: bucket label "le" is missing or has a malformed value of "" (1:25)',
    },
    {
      name: "a malformed le",
      phi: 0.5,
      vector: [bucket("one", 1)],
      want: {},
      warning: 'PromQL warning: bucket label "le" is missing or has a malformed value of "one" (1:25)',
    },
    {
      name: "a native histogram beside a classic one",
      phi: 0.5,
      vector: [bucket("1", 1), bucket("+Inf", 1), series({ __name__: "x_bucket", a: "b" }, native)],
      want: {},
      warning: "PromQL warning: vector contains a mix of classic and native histograms (1:25)",
    },
  ]
) {
  Deno.test(`histogram_quantile() warns of ${name}`, async () => {
    const query = "histogram_quantile(0.5, x)";
    const call = callOf(query, [phi, vector]);
    assert.deepEqual(await evaluate(HISTOGRAM_FUNCTIONS, call), want);
    assert.deepEqual(annotationsOf(call, query), [warning]);
  });
}

Deno.test("histogram_quantiles() labels every quantile, also where quantiles change", async () => {
  const query = 'histogram_quantiles(x, "q", 0, 1)';
  const vector = [bucket("1", 1, 1), bucket("2", 2, 2), bucket("+Inf", 2, 2)];
  const call = callOf(query, [vector, "q", 0.5, [0, 1]], { steps: 2 });
  assert.deepEqual(await evaluate(HISTOGRAM_FUNCTIONS, call), {
    '{a="b", q="0.5"}': [1, 1],
    '{a="b", q="0.0"}': [0, undefined],
    '{a="b", q="1.0"}': [undefined, 2],
  });
});

Deno.test("histogram_quantiles() evaluates each step once, however often its quantile changes", async () => {
  const steps = 32;
  const vector = [series({ __name__: "x" }, ...new Array(steps).fill(native))];
  const changing = Array.from({ length: steps }, (_, step) => step / steps);
  for (const { phis, columns } of [{ phis: [0.5], columns: 1 }, { phis: changing, columns: steps }]) {
    let reads = 0, reserved = 0;
    const counted = new Proxy(vector[0].histograms!, {
      get: (target, key) => {
        if (key !== "length") reads++;
        return Reflect.get(target, key);
      },
    });
    const column = Array.from({ length: steps }, (_, step) => phis[step % phis.length]);
    const args = [[{ ...vector[0], histograms: counted }], "q", column];
    const call = {
      ...callOf('histogram_quantiles(x, "q", 0)', args, { steps }),
      reserve: (cells: number) => void (reserved = cells),
    };
    await evaluate(HISTOGRAM_FUNCTIONS, call);
    assert.equal(reads, steps);
    assert.equal(reserved, columns * steps);
  }
});

Deno.test("histogram_quantiles() makes no columns that it may not", async () => {
  const vector = [bucket("1", 1, 1), bucket("2", 2, 2), bucket("+Inf", 2, 2)];
  const call = {
    ...callOf('histogram_quantiles(x, "q", 0)', [vector, "q", [0, 1]], { steps: 2 }),
    reserve: (cells: number) => {
      if (cells > 2) throw new RangeError("too many");
    },
  };
  await assert.rejects(evaluate(HISTOGRAM_FUNCTIONS, call), RangeError);
});

Deno.test("histogram_quantiles() counts the columns of all quantiles together", async () => {
  const vector = [bucket("1", 1, 1), bucket("2", 2, 2), bucket("+Inf", 2, 2)];
  const reserved: number[] = [];
  await evaluate(HISTOGRAM_FUNCTIONS, {
    ...callOf('histogram_quantiles(x, "q", 0, 1, 0.5)', [vector, "q", [0, 1], 0.5, [0, 0.25]], { steps: 2 }),
    reserve: (cells: number) => void reserved.push(cells),
  });
  assert.deepEqual(reserved, [2, 4, 6, 8, 10]);
});

Deno.test("histogram_fraction() takes classic and native histograms", async () => {
  const vector = [bucket("1", 1), bucket("2", 3), bucket("+Inf", 4), series({ __name__: "y" }, native)];
  const call = callOf("histogram_fraction(1, 2, x)", [1, 2, vector]);
  assert.deepEqual(await evaluate(HISTOGRAM_FUNCTIONS, call), { '{a="b"}': [0.5], "{}": [0.5] });
});
