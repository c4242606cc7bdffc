import type { Matcher } from "../labels/matcher.ts";
import type { Expr } from "./ast.ts";

/** The expressions directly below `expr`; of an aggregation, the parameter comes last. Durations are not among them. */
export function children(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "numberLiteral":
    case "stringLiteral":
    case "vectorSelector":
      return [];
    case "matrixSelector":
      return [expr.selector];
    case "subquery":
    case "unary":
    case "paren":
      return [expr.expr];
    case "call":
      return expr.args;
    case "aggregation":
      return expr.param === null ? [expr.expr] : [expr.expr, expr.param];
    case "binary":
      return [expr.lhs, expr.rhs];
  }
}

/**
 * Calls `visit` for `expr` and everything below it, parents first, with the expressions above, outermost first.
 * The array of those is reused: copy it to keep it. Where `visit` returns false, what lies below is left out.
 */
export function walk(expr: Expr, visit: (expr: Expr, ancestors: readonly Expr[]) => boolean | void): void {
  const ancestors: Expr[] = [];
  const enter = (node: Expr) => {
    if (visit(node, ancestors) === false) return;
    ancestors.push(node);
    for (const child of children(node)) enter(child);
    ancestors.pop();
  };
  enter(expr);
}

/**
 * A tree in which `replace(node)` stands for every node, children first. Parts that stay the same are shared with the
 * old tree.
 * @throws {TypeError} If the selector of a range is replaced by something else than a vector selector.
 */
export function rewrite(expr: Expr, replace: (expr: Expr) => Expr): Expr {
  return replace(mapChildren(expr, (child) => rewrite(child, replace)));
}

function mapChildren(expr: Expr, map: (child: Expr) => Expr): Expr {
  switch (expr.kind) {
    case "numberLiteral":
    case "stringLiteral":
    case "vectorSelector":
      return expr;
    case "matrixSelector": {
      const selector = map(expr.selector);
      if (selector.kind !== "vectorSelector") {
        throw new TypeError(`BUG: a range needs a vector selector, not a ${selector.kind}`);
      }
      return selector === expr.selector ? expr : { ...expr, selector };
    }
    case "subquery":
    case "unary":
    case "paren": {
      const inner = map(expr.expr);
      return inner === expr.expr ? expr : { ...expr, expr: inner };
    }
    case "call": {
      const args = expr.args.map(map);
      return args.every((arg, i) => arg === expr.args[i]) ? expr : { ...expr, args };
    }
    case "aggregation": {
      const inner = map(expr.expr), param = expr.param && map(expr.param);
      return inner === expr.expr && param === expr.param ? expr : { ...expr, expr: inner, param };
    }
    case "binary": {
      const lhs = map(expr.lhs), rhs = map(expr.rhs);
      return lhs === expr.lhs && rhs === expr.rhs ? expr : { ...expr, lhs, rhs };
    }
  }
}

/** The matchers of every selector in `expr`. */
export function extractSelectors(expr: Expr): (readonly Matcher[])[] {
  const selectors: (readonly Matcher[])[] = [];
  walk(expr, (node) => {
    if (node.kind === "vectorSelector") selectors.push(node.matchers);
  });
  return selectors;
}
