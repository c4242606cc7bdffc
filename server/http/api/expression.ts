import { toJson } from "../../../engine/promql/ast_json.ts";
import type { Expr } from "../../../engine/promql/ast.ts";
import { parseExpr, type ParserOptions } from "../../../engine/promql/parser.ts";
import { walk } from "../../../engine/promql/traverse.ts";
import { prettyPrint } from "../../../engine/promql/pretty_print.ts";
import { orBadData } from "../params/form.ts";
import type { Router } from "../router.ts";

/** What the features given to `--enable-feature` allow in a query. */
export function parserOptions(features: ReadonlySet<string>): ParserOptions {
  return {
    enableExperimentalFunctions: features.has("promql-experimental-functions"),
    enableExtendedRangeSelectors: features.has("promql-extended-range-selectors"),
    enableBinopFillModifiers: features.has("promql-binop-fill-modifiers"),
  };
}

/** `/format_query` and `/parse_query`. */
export function addExpressionRoutes(
  router: Router,
  { features }: { readonly features: ReadonlySet<string> },
): void {
  const options = parserOptions(features);
  const parse = (query: string): Expr =>
    orBadData(() => {
      const expr = parseExpr(query, options);
      checkParens(expr);
      return expr;
    }, "query");
  router.read("/format_query", ({ form }) => ({ data: prettyPrint(parse(form.get("query"))) }));
  router.read("/parse_query", ({ form }) => ({ data: toJson(parse(form.get("query"))) }));
}

/** Most parentheses right around each other that are shown one by one, each a level of its own. */
const PARENS_MAX = 500;

function checkParens(expr: Expr): void {
  walk(expr, (node) => {
    if (node.kind === "paren" && node.levels > PARENS_MAX) {
      throw new RangeError(
        `${node.levels} parentheses around one expression are too many to show: use at most ${PARENS_MAX}`,
      );
    }
  });
}
