import { formatValue } from "../../../engine/go_float.ts";
import { compareLabels, Labels } from "../../../engine/labels/labels.ts";
import { parseExpr } from "../../../engine/promql/parser.ts";
import { extractSelectors } from "../../../engine/promql/traverse.ts";
import { parserOptions } from "../../config/features.ts";
import type { SeriesExemplars } from "../../shard/shard.ts";
import { ApiError } from "../api_error.ts";
import type { Shards } from "../deps.ts";
import { rawTimestamp } from "../json/raw.ts";
import { orBadData, plainMatchers } from "../params/form.ts";
import type { Router } from "../router.ts";

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
    return { data: sorted(await shards.exemplars({ ...range, matcherSets, limit: 0 })) };
  });
}

/** Sorted by labels. */
function sorted(entries: readonly SeriesExemplars[]): object[] {
  return entries.map(({ labels, exemplars }) => ({ labels: Labels.fromSortedPairs(labels), exemplars }))
    .sort((a, b) => compareLabels(a.labels, b.labels))
    .map(({ labels, exemplars }) => ({
      seriesLabels: labels.toObject(),
      exemplars: exemplars.map(({ labels, value, timeMs }) => ({
        labels: Labels.fromSortedPairs(labels).toObject(),
        value: formatValue(value),
        timestamp: rawTimestamp(timeMs),
      })),
    }));
}
