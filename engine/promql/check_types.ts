import { METRIC_NAME } from "../labels/labels.ts";
import {
  type Aggregation,
  type Binary,
  type Call,
  type Expr,
  typeOf,
  type VectorMatching,
  type VectorSelector,
} from "./ast.ts";
import { isComparison, isSetOperator } from "./binary_operation.ts";
import type { Span } from "./position.ts";
import { PromQLSyntaxError } from "./promql_syntax_error.ts";
import { recurse, type Recursion } from "./recursion.ts";
import { quoteText } from "./string_literal.ts";
import { documentedType, type ValueType } from "./value_type.ts";

/**
 * Checks that the parts of a freshly parsed `expr` fit together, and settles the vector matching of its binary
 * operators: many-to-many for set operators, none unless both sides are instant vectors.
 * @throws {PromQLSyntaxError} For the first part that does not fit.
 */
export function checkTypes(query: string, expr: Expr): ValueType {
  return recurse(new TypeChecker(query).check(expr));
}

class TypeChecker {
  readonly #query: string;

  constructor(query: string) {
    this.#query = query;
  }

  *check(expr: Expr): Recursion<ValueType> {
    switch (expr.kind) {
      case "numberLiteral":
        return "scalar";
      case "stringLiteral":
        return "string";
      case "vectorSelector":
        return this.#checkSelector(expr);
      case "matrixSelector":
        this.#checkSelector(expr.selector);
        return "matrix";
      case "subquery": {
        const type = yield this.check(expr.expr);
        if (type !== "vector") {
          this.#fail(expr.span, `subquery is only allowed on instant vector, got ${type} instead`);
        }
        return "matrix";
      }
      case "call":
        return yield* this.#checkCall(expr);
      case "aggregation":
        return yield* this.#checkAggregation(expr);
      case "binary":
        return yield* this.#checkBinary(expr);
      case "unary": {
        const type = yield this.check(expr.expr);
        if (type !== "scalar" && type !== "vector") {
          const allowed = "unary expression only allowed on expressions of type scalar or instant vector";
          this.#fail(expr.span, `${allowed}, got "${documentedType(type)}"`);
        }
        return type;
      }
      case "paren":
        return yield this.check(expr.expr);
    }
  }

  #checkSelector({ name, matchers, span }: VectorSelector): ValueType {
    if (name !== "") {
      const second = matchers.slice(0, -1).find((matcher) => matcher.name === METRIC_NAME);
      if (second) {
        const names = `${quoteText(name)} or ${quoteText(second.value)}`;
        this.#fail(span, `metric name must not be set twice: ${names}`);
      }
    } else if (matchers.every((matcher) => matcher.matchesEmpty)) {
      this.#fail(span, "vector selector must contain at least one non-empty matcher");
    }
    return "vector";
  }

  *#checkCall({ func, args, span }: Call): Recursion<ValueType> {
    const { name, argTypes, variadic } = func;
    const min = variadic === 0 ? argTypes.length : argTypes.length - 1;
    const max = variadic < 0 ? Infinity : min + variadic;
    if (args.length < min || args.length > max) {
      const bound = variadic === 0 ? "" : args.length < min ? "at least " : "at most ";
      const expected = args.length < min ? min : max;
      this.#fail(span, `expected ${bound}${expected} argument(s) in call to "${name}", got ${args.length}`);
    }
    const filter = name === "info" ? args[1] : undefined;
    if (filter) this.#checkInfoFilter(filter, span);
    for (const [i, arg] of args.entries()) {
      if (arg === filter) continue;
      const expected = argTypes[Math.min(i, argTypes.length - 1)];
      const type = yield this.check(arg);
      if (type !== expected) this.#fail(arg.span, mismatch(expected, `call to function "${name}"`, type));
    }
    return func.returnType;
  }

  /** The second argument of info() only filters labels; it alone may match everything. */
  #checkInfoFilter(filter: Expr, callSpan: Span): void {
    const type = typeOf(filter);
    if (type !== "vector") this.#fail(callSpan, mismatch("vector", 'call to function "info"', type));
    if (filter.kind !== "vectorSelector") this.#fail(filter.span, "expected label selectors only");
    if (filter.name !== "") {
      this.#fail(filter.span, "expected label selectors only, got vector selector instead");
    }
  }

  *#checkAggregation({ op, expr, param }: Aggregation): Recursion<ValueType> {
    const type = yield this.check(expr);
    if (type !== "vector") this.#fail(expr.span, mismatch("vector", "aggregation expression", type));
    if (param !== null) {
      const expected = op === "count_values" ? "string" : "scalar";
      const paramType = yield this.check(param);
      if (paramType !== expected) {
        this.#fail(param.span, mismatch(expected, "aggregation parameter", paramType));
      }
    }
    return "vector";
  }

  *#checkBinary(expr: Binary): Recursion<ValueType> {
    const { op, type, lhs, rhs, span, opSpan } = expr;
    const left = yield this.check(lhs), right = yield this.check(rhs);
    const isSet = isSetOperator(op);

    if (expr.returnsBool && !isComparison(op)) {
      this.#fail(opSpan, "bool modifier can only be used on comparison operators");
    }
    if (isComparison(op) && !expr.returnsBool && type === "scalar") {
      this.#fail(opSpan, "comparisons between scalars must use BOOL modifier");
    }
    const matching = expr.matching!; // set by the parser, and only taken away below
    const repeated = matching.isOn ? firstShared(matching.labels, matching.include) : undefined;
    if (repeated !== undefined) {
      this.#fail(opSpan, `label ${quoteText(repeated)} must not occur in ON and GROUP clause at once`);
    }
    for (const [side, sideType] of [[lhs, left], [rhs, right]] as const) {
      if (sideType !== "scalar" && sideType !== "vector") {
        this.#fail(side.span, "binary expression must contain only scalar and instant vector types");
      }
    }

    if (left === "vector" && right === "vector") {
      if (isSet) this.#setMatching(expr, this.#checkSetMatching(expr, matching));
      return type;
    }
    if (matching.labels.length > 0) this.#fail(span, "vector matching only allowed between instant vectors");
    if (hasFill(matching)) this.#fail(span, "filling in missing series only allowed between instant vectors");
    if (isSet) this.#fail(span, `set operator "${op}" not allowed in binary scalar expression`);
    this.#setMatching(expr, null);
    return type;
  }

  #checkSetMatching({ op, span }: Binary, matching: VectorMatching): VectorMatching {
    if (matching.card !== "one-to-one") this.#fail(span, `no grouping allowed for "${op}" operation`);
    if (hasFill(matching)) this.#fail(span, "filling in missing series not allowed for set operators");
    return { ...matching, card: "many-to-many" };
  }

  /** Only the types decide the matching, and the tree is not shared yet: the one place where a node changes. */
  #setMatching(expr: { -readonly [K in keyof Binary]: Binary[K] }, matching: VectorMatching | null): void {
    expr.matching = matching;
  }

  #fail(span: Span, reason: string): never {
    throw new PromQLSyntaxError(this.#query, span, reason);
  }
}

function mismatch(expected: ValueType, place: string, found: ValueType): string {
  return `expected type ${documentedType(expected)} in ${place}, got ${documentedType(found)}`;
}

/** The first of `names` that is also one of `others`. */
function firstShared(names: readonly string[], others: readonly string[]): string | undefined {
  const known = new Set(others);
  return names.find((name) => known.has(name));
}

function hasFill({ fill }: VectorMatching): boolean {
  return fill.lhs !== null || fill.rhs !== null;
}
