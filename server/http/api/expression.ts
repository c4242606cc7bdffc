import { toJson } from "../../../engine/promql/ast_json.ts";
import type { Expr } from "../../../engine/promql/ast.ts";
import { parseExpr } from "../../../engine/promql/parser.ts";
import { prettyPrint } from "../../../engine/promql/pretty_print.ts";
import { PromQLSyntaxError } from "../../../engine/promql/promql_syntax_error.ts";
import { NESTING_MAX } from "../../../engine/promql/token_stream.ts";
import { children } from "../../../engine/promql/traverse.ts";
import { parserOptions } from "../../config/features.ts";
import { orBadData } from "../params/form.ts";
import type { Router } from "../router.ts";

/** `/format_query` and `/parse_query`. */
export function addExpressionRoutes(
  router: Router,
  { features }: { readonly features: ReadonlySet<string> },
): void {
  const options = parserOptions(features);
  const parse = (query: string): Expr =>
    orBadData(() => {
      const expr = parseExpr(query, options);
      checkLevels(query, expr);
      return expr;
    }, "query");
  router.read("/format_query", ({ form }) => ({ data: prettyPrint(parse(form.get("query"))) }));
  router.read("/parse_query", ({ form }) => ({ data: toJson(parse(form.get("query"))) }));
}

/**
 * Checks that `expr` can be shown: parentheses right around each other are one node of the tree, but each a level of
 * its own in what is written.
 * @param above Levels that `expr` is in.
 * @throws {PromQLSyntaxError} If there are more than `NESTING_MAX` levels.
 */
function checkLevels(query: string, expr: Expr, above = 0): void {
  const levels = above + (expr.kind === "paren" ? expr.levels : 1);
  if (levels > NESTING_MAX) {
    const reason = `expression nested more than ${NESTING_MAX} levels deep, use fewer parentheses`;
    throw new PromQLSyntaxError(query, expr.span, reason);
  }
  for (const child of children(expr)) checkLevels(query, child, levels);
}
