import fc from "fast-check";
import { Engine } from "../../../../engine/promql/engine.ts";
import type { Queryable } from "../../../../engine/tsdb/select.ts";
import { arbitraryParts, INTERVAL_MS } from "./_arbitrary_parts.ts";
import { arbitraryPushedQuery, type PushedQuery } from "./_arbitrary_pushed_query.ts";
import { assertSameOutcome, outcomeOf } from "./_outcome.ts";
import { MINUTE, Parts, type PartSeries } from "./_parts.ts";

const times = fc.record({
  startMs: fc.integer({ min: -4, max: 52 }).map((i) => i * INTERVAL_MS + 1_000 * (i % 3)),
  /** 0 for an instant query. */
  count: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 50 })),
  stepMs: fc.constantFrom(1_000, 15_000, 40_000, MINUTE, 4 * MINUTE),
});
const settings = fc.record({
  delayedNameRemoval: fc.boolean(),
  perStepStats: fc.boolean(),
  typeAndUnitLabels: fc.boolean(),
  lookbackDeltaMs: fc.constantFrom(MINUTE, 5 * MINUTE),
});

/** The larger error of two ways to add: of the result itself, or where it nearly vanishes of its operands. */
const TOLERANCE = 1e-9;

async function check(
  lists: readonly PartSeries[][],
  { text, isExact }: PushedQuery,
  { startMs, count, stepMs }: { startMs: number; count: number; stepMs: number },
  { perStepStats, ...features }: {
    perStepStats: boolean;
    delayedNameRemoval: boolean;
    lookbackDeltaMs: number;
  },
): Promise<void> {
  const engine = new Engine({
    ...features,
    perStepStats,
    enableExperimentalFunctions: true,
    now: () => performance.now(),
  });
  const parts = await Parts.of(lists, INTERVAL_MS);
  const ask = (queryable: Queryable) =>
    outcomeOf(() =>
      count === 0
        ? engine.instant(queryable, text, startMs, { perStepStats })
        : engine.range(queryable, text, startMs, startMs + (count - 1) * stepMs, stepMs, { perStepStats })
    );
  const want = await ask({ select: (request) => parts.select(request) });
  assertSameOutcome(await ask(parts.evaluating), want, isExact ? 0 : TOLERANCE);
}

Deno.test("queries have the same outcome whether parts evaluate fragments or only give samples", async () => {
  const runs = Number(Deno.env.get("PUSHDOWN_RUNS") ?? 1500);
  await fc.assert(fc.asyncProperty(arbitraryParts, arbitraryPushedQuery, times, settings, check), {
    numRuns: runs,
  });
});
