import assert from "node:assert/strict";
import fc from "fast-check";
import { Engine } from "../../../engine/promql/engine.ts";
import { seriesOf, storeOf } from "./_series.ts";

const engine = new Engine({ now: () => 0 });

/** The elements of a query over one series per value, named a, b, …, and stored in the order given. */
async function elementsOf(query: string, values: readonly number[], order = [...values.keys()]) {
  const names = values.map((_, i) => String.fromCharCode(97 + i));
  const store = storeOf(order.map((i) => seriesOf({ __name__: "x", name: names[i] }, [values[i]])));
  const { value } = await engine.instant(store, query, 0);
  assert.ok(value.type === "vector");
  return value.series.map(({ labels }) => labels.get("name")).join("");
}

// As upstream's heap gives them for series in the order of their labels.
for (
  const { query, values, want } of [
    { query: "topk(2, x)", values: [1, 1, 1, 2], want: "db" },
    { query: "topk(3, x)", values: [1, 1, 1, 2], want: "dbc" },
    { query: "topk(1, x)", values: [3, 3, 3], want: "a" },
    { query: "bottomk(2, x)", values: [2, 2, 1, 2], want: "cb" },
    { query: "topk(2, x)", values: [NaN, NaN, NaN], want: "ab" },
    { query: "topk(3, x)", values: [NaN, 1, NaN, 1], want: "bda" },
    { query: "topk(5, x)", values: [1, 1, 1], want: "abc" },
  ]
) {
  Deno.test(`${query} of ${values} are ${want}, in any order of the store`, async () => {
    const indexes = [...values.keys()];
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(indexes, { minLength: indexes.length }),
        async (order) => assert.equal(await elementsOf(query, values, order), want),
      ),
      { numRuns: 30 },
    );
  });
}

Deno.test("topk and bottomk choose the same elements whatever the order of the store", async () => {
  const values = fc.array(fc.constantFrom(0, 1, 2, NaN), { minLength: 1, maxLength: 20 });
  const inputs = values.chain((values) =>
    fc.tuple(fc.constant(values), fc.shuffledSubarray([...values.keys()], { minLength: values.length }))
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("topk", "bottomk"),
      fc.integer({ min: 1, max: 12 }),
      inputs,
      async (op, k, [values, order]) => {
        const query = `${op}(${k}, x)`;
        assert.equal(await elementsOf(query, values, order), await elementsOf(query, values));
      },
    ),
    { numRuns: 300 },
  );
});
