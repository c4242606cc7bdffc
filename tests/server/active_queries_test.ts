import assert from "node:assert/strict";
import { ActiveQueries } from "../../server/active_queries.ts";

function withFile(use: (path: string) => void): void {
  const directory = Deno.makeTempDirSync();
  try {
    use(`${directory}/queries.active`);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function unfinishedIn(path: string): { query: string; beganMs: number }[] {
  const { active, unfinished } = ActiveQueries.open(path, 3);
  active[Symbol.dispose]();
  return unfinished;
}

Deno.test("queries that did not end are told at the next start, once", () =>
  withFile((path) => {
    const { active, unfinished } = ActiveQueries.open(path, 3);
    assert.deepEqual(unfinished, []);
    active.start({ query: 'up{job="ä\n"}' }, 1999);
    const end = active.start({ query: "sum(up)" }, 2);
    active.start({ query: "down" }, 3000);
    end();
    end();
    active[Symbol.dispose]();
    assert.deepEqual(unfinishedIn(path), [{ query: 'up{job="ä\n"}', beganMs: 1000 }, {
      query: "down",
      beganMs: 3000,
    }]);
    assert.deepEqual(unfinishedIn(path), []);
  }));

Deno.test("a slot is used again, and more queries than slots are not recorded", () =>
  withFile((path) => {
    const { active } = ActiveQueries.open(path, 1);
    active.start({ query: "first" }, 1)();
    active.start({ query: "second" }, 2000);
    active.start({ query: "third" }, 3000)();
    active[Symbol.dispose]();
    assert.deepEqual(unfinishedIn(path), [{ query: "second", beganMs: 2000 }]);
  }));

for (const query of ["x".repeat(1 << 20), '"'.repeat(5000), "\u{1f600}".repeat(3000), "\u0001".repeat(900)]) {
  Deno.test(`a query of ${query.length} characters ${JSON.stringify(query.slice(0, 2))} is cut to its slot`, () =>
    withFile((path) => {
      const { active } = ActiveQueries.open(path, 2);
      active.start({ query }, 1);
      active.start({ query: "other" }, 2);
      active[Symbol.dispose]();
      const [cut, other] = unfinishedIn(path);
      assert.ok(cut.query.length >= 50 && query.startsWith(cut.query.slice(0, 50)));
      assert.equal(other.query, "other");
    }));
}

Deno.test("the file is upstream's JSON array with slots of 1,000 bytes", () =>
  withFile((path) => {
    const { active } = ActiveQueries.open(path, 2);
    active.start({ query: "a" }, 1_700_000_000_000);
    active.start({ query: "b" }, 1_700_000_001_000);
    active[Symbol.dispose]();
    const text = Deno.readTextFileSync(path);
    assert.equal(text.length, 1 + 2 * 1000);
    assert.deepEqual(JSON.parse(text.replaceAll("\0", "").replace(/,$/, "]")), [
      { query: "a", timestamp_sec: 1_700_000_000 },
      { query: "b", timestamp_sec: 1_700_000_001 },
    ]);
  }));

Deno.test("damaged slots, and those of an earlier form, are passed over", () =>
  withFile((path) => {
    const slots = ['{"query":"a","timestamp_sec":1},', '{"query":"b","time', "null,", '{"query":2},', "\xff"];
    Deno.writeTextFileSync(path, `[${slots.map((slot) => slot.padEnd(1000, "\0")).join("")}`);
    assert.deepEqual(unfinishedIn(path), [{ query: "a", beganMs: 1000 }]);
    Deno.writeTextFileSync(path, `${'{"query":"old","beganMs":1}'.padEnd(1023)}\n${" ".repeat(1023)}\n`);
    assert.deepEqual(unfinishedIn(path), []);
  }));
