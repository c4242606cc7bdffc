import { parseExpr } from "../engine/promql/parser.ts";
import type { Queryable } from "../engine/tsdb/select.ts";
import { QueryError, type QueryResult, type QueryService } from "./http/query_service.ts";
export class PromqlQueries implements QueryService {
  constructor(readonly queryable: Queryable) {}
  async instant(query: string, { timeMs }: { timeMs: number }): Promise<QueryResult> {
    const expr = parseExpr(query);
    if (expr.kind !== "vectorSelector") throw new QueryError("execution", "not yet");
    const series = await this.queryable.select({ matchers: expr.matchers, startMs: timeMs - 300000 + 1, endMs: timeMs });
    const last = series.map((s) => s.values[s.values.length - 1]);
    return { value: { type: "vector", timeMs, labels: series.map((s) => s.labels), values: Float64Array.from(last) }, warnings: [], infos: [], stats: {} as any };
  }
  range(): Promise<QueryResult> {
    throw new QueryError("execution", "not yet");
  }
}
