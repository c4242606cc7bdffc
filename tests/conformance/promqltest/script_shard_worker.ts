/** Entry of a worker that holds one shard of a script's data. */
import * as Comlink from "comlink";
import { Matcher } from "../../../engine/labels/matcher.ts";
import type { Fragment, FragmentResult } from "../../../engine/promql/pushdown/fragment.ts";
import { buffersOf } from "../../../engine/promql/pushdown/slabs.ts";
import { packSeries, type SeriesBatch, transferablesOf } from "../../../server/shard/series_batch.ts";
import type { PlainMatcher, TimeRange } from "../../../server/shard/shard.ts";
import { type PlainSeries, revived, ScriptShard } from "./script_shard.ts";

let shard: ScriptShard | undefined;

const api = {
  /** Forgets everything. */
  async clear(): Promise<void> {
    shard = await ScriptShard.open();
  },
  load(identity: string, series: readonly PlainSeries[], intervalMs: number): void {
    shard!.load(identity, series.map(revived), intervalMs);
  },
  async select(
    { matchers, startMs, endMs }: TimeRange & { readonly matchers: readonly PlainMatcher[] },
  ): Promise<SeriesBatch> {
    const compiled = matchers.map(({ type, name, value }) => new Matcher(type, name, value));
    const batch = packSeries(await shard!.select({ matchers: compiled, startMs, endMs }));
    return Comlink.transfer(batch, transferablesOf(batch));
  },
  async evaluateFragment(fragment: Fragment): Promise<FragmentResult> {
    const result = await shard!.evaluateFragment(fragment);
    return Comlink.transfer(result, result.kind === "rows" ? buffersOf(result.rows) : []);
  },
};
export type ScriptShardApi = typeof api;

Comlink.expose(api);
