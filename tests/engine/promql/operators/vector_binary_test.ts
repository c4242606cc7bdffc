import assert from "node:assert/strict";
import { Engine } from "../../../../engine/promql/engine.ts";
import { ExecutionError } from "../../../../engine/promql/query_errors.ts";
import { MINUTE, seriesOf, storeOf } from "../_series.ts";

const store = storeOf([
  seriesOf({ __name__: "foo", i: "1" }, [1, 1]),
  seriesOf({ __name__: "bar", i: "1" }, [1, 2]),
  seriesOf({ __name__: "nameless", i: "1", j: "1" }, [1, 1]),
  // One after the other.
  seriesOf({ __name__: "shift", i: "1", of: "a" }, [10, "stale"]),
  seriesOf({ __name__: "shift", i: "1", of: "b" }, [undefined, 20]),
  // Both at once, after everything else has ended.
  seriesOf({ __name__: "late", i: "1", of: "a" }, [undefined, undefined, 10]),
  seriesOf({ __name__: "late", i: "1", of: "b" }, [undefined, undefined, 20]),
  seriesOf({ __name__: "early", i: "1" }, [1, 2, "stale"]),
  seriesOf({ __name__: "pair", i: "1", k: "1" }, [1, 2, "stale"]),
  seriesOf({ __name__: "pair", i: "1", k: "2" }, [1, 2, "stale"]),
]);

function run(query: string, delayedNameRemoval = false) {
  return new Engine({ now: () => 0, delayedNameRemoval }).range(store, query, 0, 2 * MINUTE, MINUTE);
}

for (
  const { query, delayedNameRemoval = false, want } of [
    { query: "foo == bool on (i) group_left (__name__) bar", want: ['{__name__="bar", i="1"} 1 0 0'] },
    { query: "foo == on (i) group_left (__name__) bar", want: ['{__name__="bar", i="1"} 1 - -'] },
    { query: "foo + on (i) group_left (__name__) bar", want: ['{__name__="bar", i="1"} 2 3 3'] },
    { query: "foo == bool on (__name__) foo", want: ["{} 1 1 1"] },
    { query: "foo == bool on (i) bar", delayedNameRemoval: true, want: ['{i="1"} 1 0 0'] },
    { query: "foo * on (i) shift", want: ['{i="1"} 10 20 20'] },
    {
      query: "foo * on (i) group_left (of) shift",
      want: ['{i="1", of="a"} 10 - -', '{i="1", of="b"} - 20 20'],
    },
    { query: "early * on (i) late", want: [] },
    { query: "late * on (i) early", want: [] },
    { query: "pair * on (i) late", want: [] },
    { query: "late * on (i) group_left () foo", want: ['{i="1", of="a"} - - 10', '{i="1", of="b"} - - 20'] },
  ]
) {
  Deno.test(`${query} gives ${want.join(", ") || "nothing"}`, async () => {
    const { value } = await run(query, delayedNameRemoval);
    assert.ok(value.type === "matrix");
    const got = value.series.map(({ labels, values, present }) =>
      `${labels} ${Array.from(present, (kind, step) => kind === 1 ? values[step] : "-").join(" ")}`
    );
    assert.deepEqual(got, want);
  });
}

for (
  const { query, message } of [
    {
      query: "foo * on (i) late",
      message: /found duplicate series for the match group {i="1"} on the right/,
    },
    { query: "late * on (i) foo", message: /many-to-one matching must be explicit/ },
    { query: "pair * on (i) shift", message: /many-to-one matching must be explicit/ },
    { query: "pair * on (i) group_left (k) shift", message: /grouping labels must ensure unique matches/ },
    { query: "pair * ignoring (k, of) group_left (k) shift", message: /must ensure unique matches/ },
  ]
) {
  Deno.test(`${query} is refused`, async () => {
    await assert.rejects(
      run(query),
      (error) => error instanceof ExecutionError && message.test(error.message),
    );
  });
}
