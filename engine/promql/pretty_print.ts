import type { Expr } from "./ast.ts";
import { utf8Length } from "./position.ts";
import { joined, print, printAggregator, printOperator, printOver, printSubqueryWindow } from "./print.ts";
import { recurse, type Recursion } from "./recursion.ts";
import { fold } from "./traverse.ts";

/** Upstream's line length in bytes: what is longer is split. */
const LINE_LENGTH_MAX = 100;

/**
 * The expression over several lines, split wherever a part is longer than `lineLengthMax` bytes, in upstream's form.
 * Comments are not part of an expression, and so are lost.
 */
export function prettyPrint(expr: Expr, { lineLengthMax = LINE_LENGTH_MAX } = {}): string {
  return recurse(new PrettyPrinter(expr, lineLengthMax).print(expr, 0));
}

function indentOf(level: number): string {
  return "  ".repeat(level);
}

class PrettyPrinter {
  readonly #lineLengthMax: number;
  /** All parts of the expression that fit on a line. */
  readonly #lines = new Map<Expr, string>();

  constructor(expr: Expr, lineLengthMax: number) {
    this.#lineLengthMax = lineLengthMax;
    fold<string>(expr, (part, below) => {
      const line = printOver(part, below);
      if (this.#fits(line)) this.#lines.set(part, line);
      return line;
    });
  }

  /** @param isTrimmed The first line is not indented. */
  *print(expr: Expr, level: number, isTrimmed = false): Recursion<string> {
    const indent = isTrimmed ? "" : indentOf(level);
    // A unary operator leaves the splitting to its operand.
    if (expr.kind === "unary") return indent + expr.op + (yield this.print(expr.expr, level, true));
    const line = this.#lineOf(expr);
    if (line !== undefined) return expr.kind === "subquery" ? line : indent + line; // upstream forgets that indent
    switch (expr.kind) {
      case "aggregation": {
        const args = expr.param === null ? [expr.expr] : [expr.param, expr.expr];
        return `${indent}${printAggregator(expr)}${yield* this.#printArguments(args, level)}`;
      }
      case "call":
        return `${indent}${expr.func.name}${yield* this.#printArguments(expr.args, level)}`;
      case "paren": {
        const inner = expr.levels > 1 ? { ...expr, levels: expr.levels - 1 } : expr.expr;
        return indent + (yield* this.#printArguments([inner], level));
      }
      case "binary": {
        const lhs = yield this.print(expr.lhs, level + 1, isTrimmed);
        const rhs = yield this.print(expr.rhs, level + 1);
        return `${lhs}\n${indentOf(level)}${printOperator(expr)}\n${rhs}`;
      }
      case "subquery":
        return (yield this.print(expr.expr, level, isTrimmed)) + printSubqueryWindow(expr);
      default:
        return indent + print(expr);
    }
  }

  *#printArguments(args: readonly Expr[], level: number): Recursion<string> {
    const lines: string[] = [];
    for (const arg of args) lines.push(yield this.print(arg, level + 1));
    return `(\n${joined(lines, ",\n")}\n${indentOf(level)})`;
  }

  #lineOf(expr: Expr): string | undefined {
    if (expr.kind !== "paren") return this.#lines.get(expr);
    // Of its levels, some may fit where all do not.
    const inner = this.#lines.get(expr.expr);
    const line = inner && printOver(expr, [inner]);
    return line && this.#fits(line) ? line : undefined;
  }

  #fits(line: string): boolean {
    return line.length <= this.#lineLengthMax && utf8Length(line) <= this.#lineLengthMax;
  }
}
