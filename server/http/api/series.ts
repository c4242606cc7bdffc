import { compareUtf8, quote } from "../../../engine/labels/labels.ts";
import { isValidLabelName, unescapeName } from "../../../engine/labels/names.ts";
import type { SeriesRequest } from "../../shard/shard.ts";
import { ApiError } from "../api_error.ts";
import type { ApiResult } from "../answer.ts";
import type { Shards } from "../deps.ts";
import { arrayChunks } from "../json/chunks.ts";
import { writeLabelPairs } from "../json/query_result.ts";
import { type Form, orBadData } from "../params/form.ts";
import { decodeSegment, utf8Text } from "../params/path_segment.ts";
import type { Router } from "../router.ts";

/** `/series`, `/labels` and `/label/:name/values`. */
export function addSeriesRoutes(router: Router, { shards }: { readonly shards: Shards }): void {
  router.read("/series", async ({ form }) => {
    if (form.all("match[]").length === 0) {
      throw new ApiError("bad_data", "no match[] parameter provided");
    }
    const limit = form.limit(), range = form.timeRange();
    const matcherSets = orBadData(() => form.matcherSets(), "match[]");
    const series = await shards.series({ ...range, matcherSets, limit: probe(limit) });
    const { kept, warnings } = truncate(series, limit);
    return { json: arrayChunks(kept, writeLabelPairs), warnings };
  });

  router.read("/labels", async ({ form }) => {
    const { limit, request } = labelRequest(form);
    return sorted(await shards.labelNames(request), limit);
  });

  router.get("/label/:name/values", async ({ form, rawName }) => {
    const name = labelName(rawName);
    const { limit, request } = labelRequest(form);
    return sorted(await shards.labelValues(name, request), limit);
  });
}

/** @throws {ApiError} If it is not the name of a label. */
function labelName(raw: string): string {
  let bytes: Uint8Array;
  try {
    bytes = decodeSegment(raw);
  } catch (cause) {
    throw new ApiError("bad_data", (cause as Error).message, { cause });
  }
  const text = utf8Text(bytes);
  if (text === undefined) throw new ApiError("bad_data", `invalid label name: ${quoteBytes(bytes)}`);
  const name = text.startsWith("U__") ? unescapeName(text, "values") : text;
  if (!isValidLabelName(name, "utf8")) throw new ApiError("bad_data", `invalid label name: ${quote(name)}`);
  return name;
}

/** As `quote`, with `\xNN` for what is not UTF-8. */
function quoteBytes(bytes: Uint8Array): string {
  let out = "";
  for (let start = 0, end = 0; start < bytes.length; start = end) {
    let text: string | undefined;
    for (end = start; text === undefined && end < start + 4;) text = utf8Text(bytes.subarray(start, ++end));
    if (text === undefined) end = start + 1;
    out += text === undefined ? `\\x${bytes[start].toString(16).padStart(2, "0")}` : quote(text).slice(1, -1);
  }
  return `"${out}"`;
}

function labelRequest(form: Form): { limit: number; request: SeriesRequest } {
  const limit = form.limit(), range = form.timeRange();
  const matcherSets = orBadData(() => form.matcherSets());
  return { limit, request: { ...range, matcherSets, limit: probe(limit) } };
}

/** One more than wanted, to see whether there are more; 0 is no limit. */
function probe(limit: number): number {
  return limit === 0 ? 0 : limit + 1;
}

function sorted(texts: readonly string[], limit: number): ApiResult {
  const { kept, warnings } = truncate([...texts].sort(compareUtf8), limit);
  return { json: arrayChunks(kept, (out, text) => out.string(text)), warnings };
}

function truncate<T>(items: readonly T[], limit: number): { kept: readonly T[]; warnings: string[] } {
  if (limit === 0 || items.length <= limit) return { kept: items, warnings: [] };
  return { kept: items.slice(0, limit), warnings: ["results truncated due to limit"] };
}
