import { toJson } from "../../../engine/promql/ast_json.ts";
import type { Expr } from "../../../engine/promql/ast.ts";
import { parseExpr } from "../../../engine/promql/parser.ts";
import { prettyPrint } from "../../../engine/promql/pretty_print.ts";
import { PromQLSyntaxError } from "../../../engine/promql/promql_syntax_error.ts";
import { fold } from "../../../engine/promql/traverse.ts";
import { parserOptions } from "../../config/features.ts";
import { orBadData } from "../params/form.ts";
import type { Router } from "../router.ts";

/** `/format_query` and `/parse_query`. */
export function addExpressionRoutes(
  router: Router,
  { features }: { readonly features: ReadonlySet<string> },
): void {
  const options = parserOptions(features);
  const format = (query: string): string => {
    const expr = parseExpr(query, options);
    checkLevels(query, expr);
    return prettyPrint(expr);
  };
  router.read("/format_query", ({ form }) => ({
    data: orBadData(() => format(form.get("query")), "query"),
  }));
  router.read("/parse_query", ({ form }) => ({
    data: orBadData(() => toJson(parseExpr(form.get("query"), options)), "query"),
  }));
}

/** Each level is written further to the right: so many take up to 25 MB. */
const FORMATTED_LEVELS_MAX = 2000;

/**
 * Checks that `root` can be shown line by line.
 * @throws {PromQLSyntaxError} If there are more than `FORMATTED_LEVELS_MAX` levels.
 */
function checkLevels(query: string, root: Expr): void {
  fold<number>(root, (expr, below) => {
    // Parentheses right around each other are one node of the tree, but each a level of its own in what is written.
    const own = expr.kind === "paren" ? expr.levels : 1;
    const levels = own + below.reduce((most, levels) => Math.max(most, levels), 0);
    if (levels <= FORMATTED_LEVELS_MAX) return levels;
    const reason =
      `expression nested more than ${FORMATTED_LEVELS_MAX} levels deep, too deep to be formatted`;
    throw new PromQLSyntaxError(query, expr.span, reason);
  });
}
