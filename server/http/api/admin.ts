import { parseMetricSelector } from "../../../engine/promql/parser.ts";
import { ApiError } from "../api_error.ts";
import type { AppDeps } from "../deps.ts";
import { orBadData, plainMatchers } from "../params/form.ts";
import { parseBoolean } from "../params/go_text.ts";
import type { Router } from "../router.ts";

/** `/admin/tsdb/…`: deletes series, frees their space, copies the data; all of it only if it is enabled. */
export function addAdminRoutes(
  router: Router,
  { shards, options, now }: Pick<AppDeps, "shards" | "options" | "now">,
): void {
  const checkEnabled = () => {
    if (!options.isAdminEnabled) throw new ApiError("unavailable", "admin APIs disabled");
  };

  router.change("/admin/tsdb/delete_series", async ({ form }) => {
    checkEnabled();
    const selectors = form.all("match[]");
    if (selectors.length === 0) throw new ApiError("bad_data", "no match[] parameter provided");
    const range = form.timeRange();
    const matcherSets = selectors.map((text) =>
      plainMatchers(orBadData(() => parseMetricSelector(text), "match[]"))
    );
    await shards.deleteSeries({ ...range, matcherSets, limit: 0 });
    return {};
  });

  router.change("/admin/tsdb/clean_tombstones", async () => {
    checkEnabled();
    await shards.cleanTombstones();
    return {};
  });

  router.change("/admin/tsdb/snapshot", async ({ form }) => {
    checkEnabled();
    const skipHead = form.read("skip_head", (text) => {
      try {
        return parseBoolean(text);
      } catch (cause) {
        throw new SyntaxError(`unable to parse boolean: ${(cause as Error).message}`, { cause });
      }
    }, false);
    const name = snapshotName(now());
    try {
      await shards.snapshot(name, skipHead);
    } catch (cause) {
      throw new ApiError("internal", `create snapshot: ${(cause as Error).message}`, { cause });
    }
    return { data: { name } };
  });
}

/** The time, and a number so that no two are the same: `20260102T133700Z-1a2b3c4d5e6f7081`. */
function snapshotName(nowMs: number): string {
  const time = new Date(nowMs).toISOString().replace(/[-:]|\.[0-9]+/g, "");
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  const hex = (n: number) => n.toString(16).padStart(8, "0");
  return `${time}-${hex(high >>> 1)}${hex(low)}`;
}
