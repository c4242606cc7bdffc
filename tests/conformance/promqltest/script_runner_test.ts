import assert from "node:assert/strict";
import { runScript } from "./script_runner.ts";
import { ScriptStore } from "./script_store.ts";

const LOAD = `
load 1m
  m{a="1"} 1 2 3
  m{a="2"} 4 _ stale
  h {{schema:0 count:3 sum:5 buckets:[1 2]}}+{{count:3 sum:5 buckets:[1 2]}}x2
`;

/** Scripts that each have one evaluation, and whether it is to pass. */
const CASES: readonly { name: string; script: string; reason?: RegExp }[] = [
  { name: "right values", script: 'eval instant at 0 m\n  m{a="2"} 4\n  m{a="1"} 1' },
  { name: "a value within tolerance", script: 'eval instant at 0 m{a="1"}\n  m{a="1"} 1.0000001' },
  { name: "a wrong value", script: 'eval instant at 0 m{a="1"}\n  m{a="1"} 1.00001', reason: /found 1/ },
  { name: "a series too few", script: 'eval instant at 0 m\n  m{a="1"} 1', reason: /unexpected/ },
  { name: "a series too many", script: 'eval instant at 0 m{a="1"}\n  m{a="1"} 1\n  x 1', reason: /nothing/ },
  { name: "a result where there is none", script: "eval instant at 0 none\n  x 1", reason: /nothing/ },
  { name: "nothing where there is a result", script: "eval instant at 0 m", reason: /unexpected/ },
  { name: "a range", script: 'eval range from 0 to 2m step 1m m\n  m{a="1"} 1 2 3\n  m{a="2"} 4 4' },
  {
    name: "a range with a gap too many",
    script: 'eval range from 0 to 2m step 1m m{a="1"}\n  m{a="1"} 1 _ 3',
    reason: /points/,
  },
  {
    name: "a range with more points than steps",
    script: 'eval range from 0 to 1m step 1m m{a="1"}\n  m{a="1"} 1 2 3',
    reason: /more than/,
  },
  { name: "a scalar", script: "eval instant at 0 1 + 1\n  2" },
  { name: "a wrong scalar", script: "eval instant at 0 1 + 1\n  3", reason: /expected scalar 3/ },
  { name: "a vector for a scalar", script: 'eval instant at 0 m{a="1"}\n  1', reason: /expected scalar/ },
  { name: "a string", script: 'eval instant at 0 "x"\n  expect string "x"' },
  { name: "a wrong string", script: 'eval instant at 0 "x"\n  expect string "y"', reason: /expected string/ },
  {
    name: "the right order",
    script: 'eval instant at 0 sort_desc(m)\n  expect ordered\n  m{a="2"} 4\n  m{a="1"} 1',
  },
  {
    name: "the wrong order",
    script: 'eval instant at 0 sort(m)\n  expect ordered\n  m{a="2"} 4\n  m{a="1"} 1',
    reason: /position/,
  },
  { name: "a failure", script: "eval instant at 0 m + on() m\n  expect fail" },
  { name: "an old-style failure", script: "eval_fail instant at 0 m + on() m" },
  { name: "no failure", script: "eval instant at 0 m\n  expect fail", reason: /expected a failure/ },
  {
    name: "another failure",
    script: "eval instant at 0 m + on() m\n  expect fail msg: other",
    reason: /another error/,
  },
  {
    name: "an unexpected failure",
    script: "eval instant at 0 m + on() m\n  {} 1",
    reason: /duplicate series/,
  },
  {
    name: "an info",
    script: 'eval instant at 2m rate(m{a="1"}[2m])\n  expect info\n  {a="1"} 0.0166666666666667',
  },
  {
    name: "another info",
    script: 'eval instant at 2m rate(m{a="1"}[2m])\n  expect info msg: other\n  {a="1"} 0.0166666666666667',
    reason: /no info is as expected/,
  },
  {
    name: "an info that is not expected",
    script: 'eval instant at 2m rate(m{a="1"}[2m])\n  expect no_info\n  {a="1"} 0.0166666666666667',
    reason: /unexpected infos/,
  },
  {
    name: "no warning",
    script: 'eval instant at 0 m{a="1"}\n  expect warn\n  m{a="1"} 1',
    reason: /expected a warning/,
  },
  { name: "a histogram", script: "eval instant at 1m h\n  h {{count:6 sum:10 buckets:[2 4]}}" },
  {
    name: "a wrong histogram",
    script: "eval instant at 1m h\n  h {{count:6 sum:10 buckets:[2 5]}}",
    reason: /found \{\{/,
  },
  {
    name: "a wrong counter reset hint",
    script: "eval instant at 1m h\n  h {{count:6 sum:10 buckets:[2 4] counter_reset_hint:gauge}}",
    reason: /found \{\{/,
  },
  {
    name: "a range vector",
    script: 'eval instant at 2m m{a="1"}[2m]\n  expect range vector from 1m to 2m step 1m\n  m{a="1"} 2 3',
  },
  {
    name: "a range vector at other times",
    script: 'eval instant at 2m m{a="1"}[2m]\n  expect range vector from 1m to 2m step 30s\n  m{a="1"} 2 3',
    reason: /expected nothing at 120000 ms/,
  },
];

for (const { name, script, reason } of CASES) {
  Deno.test(`a script with ${name} ${reason === undefined ? "passes" : "fails"}`, async () => {
    const { passed, failures } = await runScript(
      LOAD + "\n" + script + "\n",
      await ScriptStore.open("memory"),
    );
    assert.equal(passed, reason === undefined ? 1 : 0, failures[0]?.reason);
    if (reason !== undefined) assert.match(failures[0].reason, reason);
  });
}

for (
  const [script, message] of [
    ["lood 1m", /line 1: invalid command/],
    ["load 1x\n  m 1", /line 1: unknown unit/],
    ["load 1m\n  m 1x", /Cannot read value 1x/],
    ["load 1m\n  m {{bucket:1}}", /Cannot read histogram/],
    ["load 1m\n  m@st 1s\n  n 1", /another series/],
    ["eval instant at 0 m\n  expect warm\n", /line 2: invalid expect/],
    ["eval instant at 0 m\n  m 1 2", /range vector/],
  ] as const
) {
  Deno.test(`a script that begins with ${JSON.stringify(script)} is refused`, async () => {
    const store = await ScriptStore.open("memory");
    await assert.rejects(() => runScript(script, store), message);
  });
}

/** What a store that is compared with the first one does instead, and what is found. */
const OTHERS: readonly { name: string; other: Partial<ScriptStore>; query: string; reason?: RegExp }[] = [
  { name: "the same", other: {}, query: "sum(m)\n  {} 5" },
  {
    name: "no data",
    other: { load: () => Promise.resolve() },
    query: "sum(m)\n  {} 5",
    reason: /expected nothing for \{\}, found 5 \(as an instant query on another store\)/,
  },
  {
    name: "only the steps before",
    other: {
      select: async function (this: ScriptStore, request) {
        const all = await ScriptStore.prototype.select.call(this, request);
        return request.endMs > 0 ? [] : all;
      },
    },
    query: "sum(m)\n  {} 5",
    reason: /found 5 \(as a range query on another store\)/,
  },
  {
    name: "a failure",
    other: { select: () => Promise.reject(new Error("gone")) },
    query: "h\n  h {{schema:0 count:3 sum:5 buckets:[1 2]}}",
    reason: /expected expanding series: gone, found a result/,
  },
];

for (const { name, other, query, reason } of OTHERS) {
  Deno.test(`a store beside one with ${name} ${reason === undefined ? "passes" : "fails"}`, async () => {
    const store = await ScriptStore.open("sharded");
    const reference = Object.assign(await ScriptStore.open("memory"), other);
    const { failures } = await runScript(`${LOAD}\neval instant at 0 ${query}\n`, store, reference);
    assert.equal(failures.length, reason === undefined ? 0 : 1, failures[0]?.reason);
    if (reason !== undefined) assert.match(failures[0].reason, reason);
    assert.ok(reason !== undefined || store.aggregationsPushedDown > 0);
  });
}
