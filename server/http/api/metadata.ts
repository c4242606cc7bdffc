import { compareUtf8 } from "../../../engine/labels/labels.ts";
import type { Matcher } from "../../../engine/labels/matcher.ts";
import { parseMetricSelector } from "../../../engine/promql/parser.ts";
import type { TargetMetadata } from "../../scrape/spec.ts";
import { ApiError } from "../api_error.ts";
import type { Targets } from "../deps.ts";
import { type Form, orBadData } from "../params/form.ts";
import { parseInteger } from "../params/go_text.ts";
import type { Router } from "../router.ts";

/** `/metadata` and `/targets/metadata`: what the targets say about their metrics. */
export function addMetadataRoutes(router: Router, { targets }: { readonly targets: Targets }): void {
  router.get("/metadata", async ({ form }) => {
    const limit = numberOf(form, "limit"), limitPerMetric = numberOf(form, "limit_per_metric");
    const metric = form.get("metric");
    const byFamily = new Map<string, Map<string, object>>();
    for (const target of await targets.active()) {
      for (const { family, type, unit, help } of target.metadata) {
        if (metric !== "" && family !== metric) continue;
        const known = byFamily.get(family) ?? new Map<string, object>();
        if (limitPerMetric > 0 && known.size >= limitPerMetric) continue;
        byFamily.set(family, known.set(JSON.stringify([type, unit, help]), { type, unit, help }));
      }
    }
    const families = [...byFamily].sort(([a], [b]) => compareUtf8(a, b));
    const kept = limit < 0 ? families : families.slice(0, limit);
    return { data: Object.fromEntries(kept.map(([family, known]) => [family, [...known.values()]])) };
  });

  router.get("/targets/metadata", async ({ form }) => {
    const limit = numberOf(form, "limit");
    const metric = form.get("metric");
    const matchers = targetMatchers(form);
    const found: object[] = [];
    for (const { labels, metadata } of await targets.active()) {
      if (limit >= 0 && found.length >= limit) break;
      if (!matchers.every((matcher) => matcher.matches(labels.get(matcher.name)))) continue;
      const target = labels.toObject();
      const entry = ({ family, type, help, unit }: TargetMetadata) => ({
        target,
        ...(metric === "" && { metric: family }),
        type,
        help,
        unit,
      });
      found.push(...metadata.filter(({ family }) => metric === "" || family === metric).map(entry));
    }
    return { data: found };
  });
}

function targetMatchers(form: Form): readonly Matcher[] {
  const text = form.get("match_target");
  return text === "" ? [] : orBadData(() => parseMetricSelector(text), "match_target");
}

/** A whole number; -1 where there is none, which is no limit. */
function numberOf(form: Form, name: string): number {
  const text = form.get(name);
  if (text === "") return -1;
  try {
    return parseInteger(text);
  } catch (cause) {
    throw new ApiError("bad_data", `${name} must be a number`, { cause });
  }
}
