import assert from "node:assert/strict";
import { Labels } from "../../../../engine/labels/labels.ts";
import { Engine } from "../../../../engine/promql/engine.ts";
import { evaluateFragment } from "../../../../engine/promql/pushdown/evaluate_fragment.ts";
import type { Fragment, FragmentEvaluator } from "../../../../engine/promql/pushdown/fragment.ts";
import type { FragmentContext } from "../../../../engine/promql/pushdown/evaluate_fragment.ts";
import { Database } from "../../../../engine/tsdb/database.ts";
import { MemoryStore } from "../../../../engine/tsdb/memory_store.ts";
import type { Scannable } from "../../../../engine/tsdb/scanned_series.ts";
import type { Queryable } from "../../../../engine/tsdb/select.ts";

const SERIES = 1_000;

async function databaseOf(series: number): Promise<Database> {
  const database = await Database.open(new MemoryStore(), { pause: () => Promise.resolve() });
  for (let i = 0; i < series; i++) {
    database.appendSample(database.refFor(Labels.from({ __name__: "x", a: String(i) })), 1_000, i);
  }
  return database;
}

const database = await databaseOf(SERIES);

/** A part whose clock moves on by a second with every series, and what was seen of it. */
class SlowPart {
  visited = 0;
  nowMs = 0;
  /** Told of every pause. */
  onPause: () => void = () => {};

  get source(): Scannable {
    return {
      scan: (request, visit) =>
        database.scan(request, (series) => {
          this.visited++;
          this.nowMs += 1_000;
          return visit(series);
        }),
    };
  }

  context(signal?: AbortSignal): FragmentContext {
    return {
      now: () => this.nowMs,
      pause: () => {
        this.onPause();
        return Promise.resolve();
      },
      signal,
    };
  }
}

/** The clock of the engine stands still, so that only parts run out of time. */
function engineOf(timeoutMs: number): Engine {
  return new Engine({ now: () => 0, timeoutMs });
}

function evaluating(parts: readonly SlowPart[]): Queryable & FragmentEvaluator {
  return {
    select: () => Promise.reject(new Error("nothing is to be selected")),
    evaluateFragment: (fragment: Fragment, signal) =>
      Promise.all(parts.map((part) => evaluateFragment(part.source, fragment, part.context(signal)))),
  };
}

for (const query of ["x", "sum by (a) (x)", "rate(x[1m])"]) {
  Deno.test(`${query} times out inside a part, which stops soon`, async () => {
    const slow = new SlowPart();
    await assert.rejects(engineOf(100_000).instant(evaluating([slow]), query, 1_000), {
      name: "QueryTimeoutError",
      message: "query timed out in expression evaluation",
    });
    assert.ok(slow.visited > 100 && slow.visited < 150, `visited ${slow.visited} series`);
  });

  Deno.test(`${query} is canceled in all parts, which stop soon`, async () => {
    const parts = [new SlowPart(), new SlowPart()];
    const controller = new AbortController();
    parts[1]!.onPause = () => {
      if (parts[1]!.visited > 300) controller.abort();
    };
    const answer = engineOf(Infinity).instant(evaluating(parts), query, 1_000, { signal: controller.signal });
    await assert.rejects(answer, { name: "QueryCanceledError" });
    await new Promise((resolve) => setTimeout(resolve)); // the other part may be one pause behind
    for (const { visited } of parts) assert.ok(visited > 250 && visited < 400, `visited ${visited} series`);
  });
}

Deno.test("a part looks at all series where nobody cancels and time is left", async () => {
  const slow = new SlowPart();
  const { value } = await engineOf(SERIES * 1_000 + 1).instant(evaluating([slow]), "count(x)", 1_000);
  assert.equal(slow.visited, SERIES);
  assert.ok(value.type === "vector" && value.series[0]!.values[0] === SERIES);
});

Deno.test("a part that is asked too late does not look at any series", async () => {
  const slow = new SlowPart();
  const answer = engineOf(Infinity).instant(evaluating([slow]), "x", 1_000, { signal: AbortSignal.abort() });
  await assert.rejects(answer, { name: "QueryCanceledError" });
  assert.equal(slow.visited, 0);
});

Deno.test("a part that fails makes the query fail with its error as the cause", async () => {
  const cause = new Error("disk on fire");
  const queryable: Queryable & FragmentEvaluator = {
    select: () => Promise.resolve([]),
    evaluateFragment: () => Promise.reject(cause),
  };
  await assert.rejects(engineOf(1_000).instant(queryable, "x", 1_000), { name: "StorageError", cause });
});
