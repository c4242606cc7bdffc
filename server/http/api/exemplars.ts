import { formatValue } from "../../../engine/go_float.ts";
import { compareLabels, Labels } from "../../../engine/labels/labels.ts";
import { parseExpr } from "../../../engine/promql/parser.ts";
import { extractSelectors } from "../../../engine/promql/traverse.ts";
import type { ExemplarEntry } from "../../../engine/tsdb/exemplars.ts";
import type { SeriesExemplars } from "../../shard/shard.ts";
import { ApiError } from "../api_error.ts";
import type { Shards } from "../deps.ts";
import { orBadData, plainMatchers } from "../params/form.ts";
import type { Router } from "../router.ts";
import { parserOptions } from "./expression.ts";

/** `/query_exemplars`. */
export function addExemplarRoutes(
  router: Router,
  { shards, features }: { readonly shards: Shards; readonly features: ReadonlySet<string> },
): void {
  const options = parserOptions(features);
  router.read("/query_exemplars", async ({ form }) => {
    const range = form.timeRange();
    if (range.endMs < range.startMs) {
      throw new ApiError("bad_data", "end timestamp must not be before start timestamp");
    }
    const selectors = extractSelectors(orBadData(() => parseExpr(form.get("query"), options)));
    if (selectors.length === 0) return {};
    const matcherSets = selectors.map(plainMatchers);
    return { data: merge(await shards.exemplars({ ...range, matcherSets, limit: 0 })) };
  });
}

/** One entry per series, sorted by labels; exemplars by time. */
function merge(entries: readonly SeriesExemplars[]): object[] {
  const bySeries = new Map<string, { labels: Labels; exemplars: ExemplarEntry[] }>();
  for (const { labels: pairs, exemplars } of entries) {
    const labels = Labels.fromSortedPairs(pairs);
    const known = bySeries.get(labels.key());
    if (known === undefined) bySeries.set(labels.key(), { labels, exemplars: [...exemplars] });
    else known.exemplars.push(...exemplars);
  }
  return [...bySeries.values()]
    .sort((a, b) => compareLabels(a.labels, b.labels))
    .map(({ labels, exemplars }) => ({
      seriesLabels: labels.toObject(),
      exemplars: exemplars.sort((a, b) => a.timeMs - b.timeMs).map(({ labels, value, timeMs }) => ({
        labels: Labels.fromSortedPairs(labels).toObject(),
        value: formatValue(value),
        timestamp: timeMs / 1000,
      })),
    }));
}
