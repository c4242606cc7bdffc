import assert from "node:assert/strict";
import { compareNatural, LABEL_FUNCTIONS } from "../../../../engine/promql/functions/labels.ts";
import { ExecutionError } from "../../../../engine/promql/query_errors.ts";
import { callOf, evaluate, series } from "./_call.ts";

const vector = [series({ __name__: "x", src: "source-10", other: "y" }, 1)];

for (
  const { name, args, want } of [
    { name: "a group", args: ["dst", "v-$1", "src", "source-(.*)"], want: '{__name__="x", dst="v-10", %}' },
    { name: "no match", args: ["dst", "v", "src", "ource"], want: '{__name__="x", %}' },
    { name: "an absent source", args: ["dst", "v", "none", ""], want: '{__name__="x", dst="v", %}' },
    { name: "an empty result", args: ["src", "", "src", ".*"], want: '{__name__="x", other="y"}' },
    { name: "a named group", args: ["dst", "${n}", "src", "(?P<n>s).*"], want: '{__name__="x", dst="s", %}' },
    { name: "the name", args: ["__name__", "z", "src", ".*"], want: '{__name__="z", %}' },
  ]
) {
  Deno.test(`label_replace() with ${name}`, async () => {
    const call = callOf('label_replace(x, "a", "b", "c", "d")', [vector, ...args]);
    assert.deepEqual(await evaluate(LABEL_FUNCTIONS, call), {
      [want.replace("%", 'other="y", src="source-10"')]: [1],
    });
  });
}

for (
  const { query, args, message } of [
    {
      query: 'label_replace(x, "a", "b", "c", "d")',
      args: ["dst", "v", "src", "(.*"],
      message: "invalid regular expression in label_replace(): (.*",
    },
    {
      query: 'label_replace(x, "a", "b", "c", "d")',
      args: ["", "v", "src", "(.*)"],
      message: "invalid destination label name in label_replace(): ",
    },
    {
      query: 'label_join(x, "a", "b", "c")',
      args: ["", "-", "src"],
      message: "invalid destination label name in label_join(): ",
    },
    {
      query: 'label_join(x, "a", "b", "c")',
      args: ["dst", "-", ""],
      message: "invalid source label name in label_join(): ",
    },
  ]
) {
  Deno.test(`${query} with ${JSON.stringify(args)} fails`, async () => {
    const call = callOf(query, [vector, ...args]);
    await assert.rejects(() => evaluate(LABEL_FUNCTIONS, call), new ExecutionError(message));
  });
}

Deno.test("label_join() joins the labels it is given, absent ones as empty text", async () => {
  const call = callOf('label_join(x, "dst", "-", "a", "b")', [vector, "dst", "-", "other", "none", "src"]);
  assert.deepEqual(await evaluate(LABEL_FUNCTIONS, call), {
    '{__name__="x", dst="y--source-10", other="y", src="source-10"}': [1],
  });
});

for (
  const [a, b] of [["1", "2"], ["2", "10"], ["a2", "a10"], ["a", "b"], ["a", "a1"], ["", "a"], [
    "a1b2",
    "a1b10",
  ]]
) {
  Deno.test(`compareNatural() puts ${JSON.stringify(a)} before ${JSON.stringify(b)}`, () => {
    assert.ok(compareNatural(a, b) < 0);
    assert.ok(compareNatural(b, a) > 0);
    assert.equal(compareNatural(a, a), 0);
  });
}

for (
  const { name, want } of [{ name: "sort_by_label", want: [2, 3, 1] }, {
    name: "sort_by_label_desc",
    want: [1, 3, 2],
  }]
) {
  Deno.test(`${name}() compares numbers in labels by value, then all labels`, async () => {
    const unordered = [
      series({ cpu: "10" }, 1),
      series({ cpu: "9", a: "1" }, 2),
      series({ cpu: "9", a: "2" }, 3),
    ];
    const call = callOf(`${name}(x, "cpu")`, [unordered, "cpu"]);
    const got = Object.values(await evaluate(LABEL_FUNCTIONS, call)).map(([value]) => value);
    assert.deepEqual(got, want);
  });
}
