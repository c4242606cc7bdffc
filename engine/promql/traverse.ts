import type { Matcher } from "../labels/matcher.ts";
import type { Expr } from "./ast.ts";
import { recurse, type Recursion } from "./recursion.ts";

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
 * Calls `visit` for `root` and everything below it, parents first, with the expressions above, outermost first.
 * The array of those is reused: copy it to keep it. Where `visit` returns false, what lies below is left out.
 */
export function walk(root: Expr, visit: (expr: Expr, ancestors: readonly Expr[]) => boolean | void): void {
  const ancestors: Expr[] = [];
  const waiting = [{ expr: root, level: 0 }];
  for (let next; (next = waiting.pop());) {
    const { expr, level } = next;
    ancestors.length = level;
    if (visit(expr, ancestors) === false) continue;
    ancestors.push(expr);
    for (const child of children(expr).toReversed()) waiting.push({ expr: child, level: level + 1 });
  }
}

/** What `combine` makes of `root` from what it made of the expressions directly below, in the order of `children`. */
export function fold<T>(root: Expr, combine: Combine<T>): T {
  return recurse(foldOne(root, combine));
}

type Combine<T> = (expr: Expr, below: readonly T[]) => T;

function* foldOne<T>(expr: Expr, combine: Combine<T>): Recursion<T> {
  const below: T[] = [];
  for (const child of children(expr)) below.push(yield foldOne(child, combine));
  return combine(expr, below);
}

/**
 * A tree in which `replace(node)` stands for every node, children first. Parts that stay the same are shared with the
 * old tree.
 * @throws {TypeError} If the selector of a range is replaced by something else than a vector selector.
 */
export function rewrite(root: Expr, replace: (expr: Expr) => Expr): Expr {
  return fold<Expr>(root, (expr, below) => {
    const isSame = children(expr).every((child, i) => child === below[i]);
    return replace(isSame ? expr : withChildren(expr, below));
  });
}

/** `expr` over others than `children(expr)`, as many and in their order. */
function withChildren(expr: Expr, below: readonly Expr[]): Expr {
  const [first, second] = below;
  switch (expr.kind) {
    case "numberLiteral":
    case "stringLiteral":
    case "vectorSelector":
      return expr;
    case "matrixSelector":
      if (first!.kind !== "vectorSelector") {
        throw new TypeError(`BUG: a range needs a vector selector, not a ${first!.kind}`);
      }
      return { ...expr, selector: first };
    case "subquery":
    case "unary":
    case "paren":
      return { ...expr, expr: first! };
    case "call":
      return { ...expr, args: below };
    case "aggregation":
      return { ...expr, expr: first!, param: second ?? null };
    case "binary":
      return { ...expr, lhs: first!, rhs: second! };
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
