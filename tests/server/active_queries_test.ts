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
    active.start({ query: 'up{job="ä\n"}' }, 1);
    const end = active.start({ query: "sum(up)" }, 2);
    active.start({ query: "down" }, 3);
    end();
    end();
    active[Symbol.dispose]();
    assert.deepEqual(unfinishedIn(path), [{ query: 'up{job="ä\n"}', beganMs: 1 }, {
      query: "down",
      beganMs: 3,
    }]);
    assert.deepEqual(unfinishedIn(path), []);
  }));

Deno.test("a slot is used again, and more queries than slots are not recorded", () =>
  withFile((path) => {
    const { active } = ActiveQueries.open(path, 1);
    active.start({ query: "first" }, 1)();
    active.start({ query: "second" }, 2);
    active.start({ query: "third" }, 3)();
    active[Symbol.dispose]();
    assert.deepEqual(unfinishedIn(path), [{ query: "second", beganMs: 2 }]);
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

Deno.test("damaged lines are passed over", () =>
  withFile((path) => {
    Deno.writeTextFileSync(path, '{"query":"a","beganMs":1}\n{"query":"b","be\nnull\n{"query":2}\n');
    assert.deepEqual(unfinishedIn(path), [{ query: "a", beganMs: 1 }]);
  }));
