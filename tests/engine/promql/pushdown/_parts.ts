import type {
  Fragment,
  FragmentEvaluator,
  FragmentResult,
} from "../../../../engine/promql/pushdown/fragment.ts";
import { mergeSeries } from "../../../../engine/tsdb/merge_series.ts";
import type { Queryable, SelectRequest, SeriesColumns } from "../../../../engine/tsdb/select.ts";
import { ScriptShard } from "../../../conformance/promqltest/script_shard.ts";
import { parseSeriesDescription, type SequenceValue } from "../../../conformance/promqltest/series_values.ts";
import type { Labels } from "../../../../engine/labels/labels.ts";

export const MINUTE = 60_000;

/** A series as it is appended: a value every interval, from 0 on. */
export interface PartSeries {
  readonly labels: Labels;
  readonly values: readonly SequenceValue[];
}

/** Several databases as one, the series of each kept apart, which evaluate fragments where `evaluates` says so. */
export class Parts implements Queryable {
  selects = 0;
  /** What came of each fragment. */
  readonly results: FragmentResult[][] = [];

  private constructor(readonly shards: readonly ScriptShard[]) {}

  /** A database for each of the lists. */
  static async of(lists: readonly (readonly PartSeries[])[], intervalMs = MINUTE): Promise<Parts> {
    const shards = await Promise.all(lists.map(async (series) => {
      const shard = await ScriptShard.open();
      shard.load("all", series.map(({ labels, values }) => ({ pairs: labels.pairs, values })), intervalMs);
      return shard;
    }));
    return new Parts(shards);
  }

  /** A database for each of the texts, which have a series per line, as in the test language: `x{a="1"} 0+1x10`. */
  static ofTexts(...texts: readonly string[]): Promise<Parts> {
    const linesOf = (text: string) =>
      text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    return Parts.of(texts.map((text) => linesOf(text).map(parseSeriesDescription)));
  }

  async select(request: SelectRequest): Promise<SeriesColumns[]> {
    this.selects++;
    return mergeSeries(await Promise.all(this.shards.map((shard) => shard.select(request))));
  }

  /** The same databases, each of which evaluates fragments. */
  get evaluating(): Queryable & FragmentEvaluator {
    return {
      select: (request) => this.select(request),
      evaluateFragment: async (fragment: Fragment) => {
        const results = await Promise.all(this.shards.map((shard) => shard.evaluateFragment(fragment)));
        this.results.push(results);
        return results;
      },
    };
  }

  /** What each part made of the last fragment. */
  get lastKinds(): string[] {
    return this.results.at(-1)!.map(({ kind }) => kind);
  }
}
