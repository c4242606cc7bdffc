import assert from "node:assert/strict";
import fc from "fast-check";
import { compareKeys, KEY_BYTES_MAX } from "../engine/tsdb/memory_store.ts";
import {
  type Batch,
  BATCH_BYTES_MAX,
  BATCH_MUTATIONS_MAX,
  type Entry,
  type Key,
  type ListOptions,
  type Store,
  VALUE_BYTES_MAX,
} from "../engine/tsdb/store.ts";

/** A store under test. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Closes and opens it again; not set where nothing outlives a close. */
  reopen?(): Promise<Store>;
  /** Closes it and removes what it left. */
  dispose(): Promise<void>;
}

/** What every implementation of `Store` must do, as tests named after `name`. */
export function testStore(name: string, open: () => Promise<StoreUnderTest>): void {
  const test = (title: string, body: (store: Store, opened: StoreUnderTest) => Promise<void>) =>
    Deno.test(`${name}: ${title}`, async () => {
      const opened = await open();
      try {
        await body(opened.store, opened);
      } finally {
        await opened.dispose();
      }
    });

  test("get() answers undefined where no key is set", async (store) => {
    assert.equal(await store.get(["none"]), undefined);
  });

  for (const length of [0, 1, 900, 8_192, VALUE_BYTES_MAX]) {
    test(`a value of ${length} bytes comes back bit for bit`, async (store) => {
      const value = bytes(length);
      await store.commit({ set: [{ key: ["v", length], value }] });
      assert.deepEqual(await store.get(["v", length]), value);
      assert.deepEqual(await entries(store, { prefix: ["v"] }), [{ key: ["v", length], value }]);
    });
  }

  test("commit() stores a copy of what a view shows, get() returns another", async (store) => {
    const buffer = bytes(100);
    const wanted = buffer.slice(10, 20);
    const running = store.commit({ set: [{ key: ["k"], value: buffer.subarray(10, 20) }] });
    buffer.fill(0);
    await running;
    const found = await store.get(["k"]);
    assert.deepEqual(found, wanted);
    found!.fill(0);
    assert.deepEqual(await store.get(["k"]), wanted);
  });

  test("commit() takes a view of shared memory", async (store) => {
    const shared = new Uint8Array(new SharedArrayBuffer(8)).fill(7);
    await store.commit({ set: [{ key: ["k"], value: shared.subarray(2, 5) }] });
    assert.deepEqual(await store.get(["k"]), new Uint8Array([7, 7, 7]));
  });

  test("commit() deletes before it sets, and of two sets the later wins", async (store) => {
    await store.commit({ set: [set("a", 1), set("b", 1)] });
    await store.commit({ delete: [["a"], ["b"], ["none"]], set: [set("a", 2), set("a", 3)] });
    assert.deepEqual(await entries(store, { prefix: [] }), [set("a", 3)]);
  });

  test("an empty batch changes nothing", async (store) => {
    await store.commit({});
    await store.commit({ set: [], delete: [] });
    assert.deepEqual(await entries(store, { prefix: [] }), []);
  });

  test("list() orders strings before numbers, strings by UTF-8, numbers by value", async (store) => {
    const ordered: Key[] = [
      [""],
      ["", ""],
      ["", -1],
      ["a"],
      ["a", "a"],
      ["a", "b", 1],
      ["a", Number.MIN_SAFE_INTEGER],
      ["a", -1.5],
      ["a", 0],
      ["a", 0, "x"],
      ["a", 5e-324],
      ["a", 2],
      ["a", 10],
      ["a", Number.MAX_VALUE],
      ["a\0"],
      ["a\0", 1],
      ["a\0\0"],
      ["a\0b"],
      ["a\u0001"],
      ["aa"],
      ["b"],
      ["é"],
      ["\uffff"],
      ["😀"],
      [-3],
      [0, "z"],
      [1],
    ];
    await store.commit({ set: ordered.toReversed().map((key) => ({ key, value: bytes(1) })) });
    assert.deepEqual((await entries(store, { prefix: [] })).map((entry) => entry.key), ordered);
    assert.deepEqual(ordered.toSorted(compareKeys), ordered);
  });

  const ranges: { title: string; options: ListOptions; want: number[] }[] = [
    {
      title: "a prefix leaves out itself and its neighbours",
      options: { prefix: ["p"] },
      want: [1, 2, 3, 4, 5],
    },
    { title: "start is included", options: { prefix: ["p"], start: ["p", 3] }, want: [3, 4, 5] },
    { title: "start need not exist", options: { prefix: ["p"], start: ["p", 2.5] }, want: [3, 4, 5] },
    { title: "end is excluded", options: { prefix: ["p"], end: ["p", 3] }, want: [1, 2] },
    { title: "start and end", options: { prefix: ["p"], start: ["p", 2], end: ["p", 4] }, want: [2, 3] },
    {
      title: "start and end are equal",
      options: { prefix: ["p"], start: ["p", 2], end: ["p", 2] },
      want: [],
    },
    { title: "start above end", options: { prefix: ["p"], start: ["p", 4], end: ["p", 2] }, want: [] },
    { title: "reverse", options: { prefix: ["p"], reverse: true }, want: [5, 4, 3, 2, 1] },
    {
      title: "reverse within start and end",
      options: { prefix: ["p"], start: ["p", 2], end: ["p", 5], reverse: true, limit: 2 },
      want: [4, 3],
    },
    { title: "limit", options: { prefix: ["p"], limit: 2 }, want: [1, 2] },
    { title: "limit 0", options: { prefix: ["p"], limit: 0 }, want: [] },
    { title: "batches of one", options: { prefix: ["p"], batchSize: 1 }, want: [1, 2, 3, 4, 5] },
    {
      title: "batches of two in reverse, with a limit between",
      options: { prefix: ["p"], batchSize: 2, reverse: true, limit: 3 },
      want: [5, 4, 3],
    },
  ];
  for (const { title, options, want } of ranges) {
    test(`list() within bounds: ${title}`, async (store) => {
      const keys: Key[] = [["o", 9], ["p"], ...[1, 2, 3, 4, 5].map((i) => ["p", i]), ["p\0", 1], ["q"], [1]];
      await store.commit({ set: keys.map((key) => ({ key, value: bytes(1) })) });
      assert.deepEqual((await entries(store, options)).map((entry) => entry.key[1]), want);
    });
  }

  const small = bytes(1);
  const fits: { title: string; batch: Batch }[] = [
    {
      title: `${BATCH_MUTATIONS_MAX} mutations`,
      batch: { set: many(600, () => small), delete: many(400, () => small).map((entry) => entry.key) },
    },
    { title: "12 values of 65,536 bytes", batch: { set: many(12, () => bytes(VALUE_BYTES_MAX)) } },
    { title: `${BATCH_BYTES_MAX} bytes in long keys`, batch: { set: many(1_000, () => bytes(640), 60) } },
    {
      title: `a key of ${KEY_BYTES_MAX} bytes`,
      batch: { set: [{ key: ["x".repeat(2_037), 1], value: small }] },
    },
    {
      title: "390 deletes of longest keys",
      batch: { delete: many(390, () => small, 2_030).map((e) => e.key) },
    },
  ];
  for (const { title, batch } of fits) {
    test(`commit() takes ${title}`, async (store) => {
      await store.commit(batch);
      assert.equal((await entries(store, { prefix: [] })).length, batch.set?.length ?? 0);
    });
  }

  const refused: { title: string; batch: Batch; message: RegExp }[] = [
    {
      title: "1,001 mutations",
      batch: { set: many(1_000, () => small) },
      message: /found 1001, at most 1000/,
    },
    {
      title: "a value of 65,537 bytes",
      batch: { set: [{ key: ["v"], value: bytes(VALUE_BYTES_MAX + 1) }] },
      message: /\["v"\].*found 65537 bytes, at most 65536/,
    },
    {
      title: "a batch too large",
      batch: { set: many(13, () => bytes(VALUE_BYTES_MAX)) },
      message: /at most 800000/,
    },
    { title: "keys too large", batch: { set: many(900, () => small, 100) }, message: /at most 80000/ },
    {
      title: "a key of 2,049 bytes",
      batch: { set: [{ key: ["x".repeat(2_038), 1], value: small }] },
      message: /found 2049 bytes/,
    },
    { title: "an empty key", batch: { delete: [[]] }, message: /no parts/ },
    { title: "NaN in a key", batch: { delete: [["a", NaN]] }, message: /holds NaN/ },
    { title: "infinity in a key", batch: { delete: [["a", -Infinity]] }, message: /holds -Infinity/ },
    { title: "-0 in a key", batch: { delete: [["a", -0]] }, message: /holds -0/ },
    { title: "a lone surrogate in a key", batch: { delete: [["a\ud800"]] }, message: /lone surrogate/ },
  ];
  for (const { title, batch, message } of refused) {
    test(`commit() refuses ${title} and stores nothing of the batch`, async (store) => {
      const withGood = { ...batch, set: [set("good", 1), ...(batch.set ?? [])] };
      await assert.rejects(
        store.commit(withGood),
        (error) => error instanceof RangeError && message.test(error.message),
      );
      assert.deepEqual(await entries(store, { prefix: [] }), []);
    });
  }

  const badLists: { title: string; options: ListOptions }[] = [
    { title: "a start outside the prefix", options: { prefix: ["p"], start: ["q", 1] } },
    { title: "a start that is the prefix", options: { prefix: ["p"], start: ["p"] } },
    { title: "an end outside the prefix", options: { prefix: ["p"], end: ["q"] } },
    { title: "a batchSize of 0", options: { prefix: ["p"], batchSize: 0 } },
    { title: "a batchSize of 1,001", options: { prefix: ["p"], batchSize: 1_001 } },
    { title: "a limit of -1", options: { prefix: ["p"], limit: -1 } },
  ];
  for (const { title, options } of badLists) {
    test(`list() refuses ${title}`, async (store) => {
      await assert.rejects(entries(store, options), RangeError);
    });
  }

  test("a list under way meets commits without losing, repeating or tearing what it shows", async (store) => {
    const round = (n: number) => ({ set: many(60, () => new Uint8Array(2_000).fill(n)) });
    await store.commit(round(0));
    let done = false;
    const writing = (async () => {
      for (let n = 1; n <= 30; n++) await store.commit(round(n));
      done = true;
    })();
    let lists = 0;
    while (!done || lists === 0) {
      const found = await entries(store, { prefix: [], batchSize: 60 });
      assert.equal(found.length, 60);
      const rounds = new Set(found.map(({ value }) => value[0]));
      assert.equal(rounds.size, 1, "one fetched batch shows one commit");
      for (const { value } of found) assert.ok(value.every((byte) => byte === value[0]));
      lists++;
    }
    await writing;
  });

  test("a commit is visible to reads that begin after it resolves", async (store) => {
    for (let n = 0; n < 50; n++) {
      await store.commit({ set: [set("k", n)] });
      assert.deepEqual(await store.get(["k"]), new Uint8Array([n]));
    }
  });

  test("close() waits for running commits; later calls are rejected", async (store, opened) => {
    const running = Array.from({ length: 20 }, (_, n) => store.commit({ set: [set(`k${n}`, n)] }));
    await store.close();
    await Promise.all(running);
    await store.close();
    await assert.rejects(store.get(["k0"]), /closed/);
    await assert.rejects(store.commit({}), /closed/);
    await assert.rejects(entries(store, { prefix: [] }), /closed/);
    if (opened.reopen === undefined) return;
    assert.equal((await entries(await opened.reopen(), { prefix: [] })).length, 20);
  });

  test("agrees with a Map after any commands", async (store, opened) => {
    const real: Real = { store };
    await fc.assert(
      fc.asyncProperty(fc.commands(commandArbitraries(opened), { maxCommands: 25 }), async (commands) => {
        const keys = (await entries(real.store, { prefix: [] })).map((entry) => entry.key);
        await real.store.commit({ delete: keys });
        await fc.asyncModelRun(() => ({ model: new Map(), real }), commands);
      }),
      { numRuns: opened.reopen === undefined ? 100 : 25 },
    );
  });
}

/** What a store should hold, by the JSON of its keys. */
type Model = Map<string, Entry>;
interface Real {
  store: Store;
}

const part = fc.oneof(fc.constantFrom("", "a", "b", "a\0", "é", "\uffff", "😀", -1, 0, 0.5, 1, 2));
const keyArbitrary = fc.array(part, { minLength: 1, maxLength: 3 });
const valueArbitrary = fc.uint8Array({ maxLength: 40 });

function commandArbitraries(opened: StoreUnderTest): fc.Arbitrary<fc.AsyncCommand<Model, Real>>[] {
  const arbitraries: fc.Arbitrary<fc.AsyncCommand<Model, Real>>[] = [
    fc.record({
      set: fc.array(fc.record({ key: keyArbitrary, value: valueArbitrary }, { noNullPrototype: true }), {
        maxLength: 6,
      }),
      delete: fc.array(keyArbitrary, { maxLength: 3 }),
    }).map((batch) => new Commit(batch)),
    keyArbitrary.map((key) => new Get(key)),
    fc.record({
      prefix: fc.array(part, { maxLength: 2 }),
      start: fc.option(keyArbitrary, { nil: undefined }),
      end: fc.option(keyArbitrary, { nil: undefined }),
      reverse: fc.boolean(),
      limit: fc.option(fc.nat(5), { nil: undefined }),
      batchSize: fc.integer({ min: 1, max: 4 }),
    }).map(({ prefix, start, end, ...rest }) =>
      new List({
        prefix,
        start: start && [...prefix, ...start],
        end: end && [...prefix, ...end],
        ...rest,
      })
    ),
  ];
  if (opened.reopen !== undefined) arbitraries.push(fc.constant(new Reopen(opened.reopen)));
  return arbitraries;
}

class Commit implements fc.AsyncCommand<Model, Real> {
  constructor(readonly batch: Batch) {}
  check = () => true;
  async run(model: Model, real: Real): Promise<void> {
    await real.store.commit(this.batch);
    for (const key of this.batch.delete ?? []) model.delete(JSON.stringify(key));
    for (const entry of this.batch.set ?? []) model.set(JSON.stringify(entry.key), entry);
  }
  toString = () => `commit(${fc.stringify(this.batch)})`;
}

class Get implements fc.AsyncCommand<Model, Real> {
  constructor(readonly key: Key) {}
  check = () => true;
  async run(model: Model, real: Real): Promise<void> {
    assert.deepEqual(await real.store.get(this.key), model.get(JSON.stringify(this.key))?.value);
  }
  toString = () => `get(${fc.stringify(this.key)})`;
}

class List implements fc.AsyncCommand<Model, Real> {
  constructor(readonly options: ListOptions) {}
  check = () => true;
  async run(model: Model, real: Real): Promise<void> {
    const { prefix, start, end, reverse, limit } = this.options;
    const want = [...model.values()]
      .filter(({ key }) => key.length > prefix.length && prefix.every((p, i) => key[i] === p))
      .filter(({ key }) => start === undefined || compareKeys(key, start) >= 0)
      .filter(({ key }) => end === undefined || compareKeys(key, end) < 0)
      .sort((a, b) => compareKeys(a.key, b.key));
    if (reverse) want.reverse();
    assert.deepEqual(await entries(real.store, this.options), want.slice(0, limit));
  }
  toString = () => `list(${fc.stringify(this.options)})`;
}

class Reopen implements fc.AsyncCommand<Model, Real> {
  constructor(readonly reopen: () => Promise<Store>) {}
  check = () => true;
  async run(_model: Model, real: Real): Promise<void> {
    real.store = await this.reopen();
  }
  toString = () => "reopen()";
}

function entries(store: Store, options: ListOptions): Promise<Entry[]> {
  return Array.fromAsync(store.list(options));
}

function set(key: string, byte: number): Entry {
  return { key: [key], value: new Uint8Array([byte]) };
}

/** `count` entries whose keys are of about `keyLength` bytes. */
function many(count: number, value: (i: number) => Uint8Array, keyLength = 1): Entry[] {
  return Array.from({ length: count }, (_, i) => ({ key: ["k".repeat(keyLength), i], value: value(i) }));
}

function bytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
}
