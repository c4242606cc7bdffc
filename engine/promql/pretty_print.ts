import type { Expr } from "./ast.ts";
import { utf8Length } from "./position.ts";
import { printAggregator, printOperator, printSubqueryWindow, printWith } from "./print.ts";

/** Upstream's line length in bytes: what is longer is split. */
const LINE_LENGTH_MAX = 100;

/**
 * The expression over several lines, split wherever a part is longer than `lineLengthMax` bytes, in upstream's form.
 * Comments are not part of an expression, and so are lost.
 */
export function prettyPrint(expr: Expr, { lineLengthMax = LINE_LENGTH_MAX } = {}): string {
  return new PrettyPrinter(lineLengthMax).print(expr, 0);
}

class PrettyPrinter {
  readonly #lineLengthMax: number;
  /** Every part is asked for once per level above it. */
  readonly #oneLine = new Map<Expr, string>();

  constructor(lineLengthMax: number) {
    this.#lineLengthMax = lineLengthMax;
  }

  print(expr: Expr, level: number): string {
    const indent = "  ".repeat(level);
    const line = this.#printLine(expr);
    // A unary operator leaves the splitting to its operand.
    if (expr.kind === "unary") return indent + expr.op + this.print(expr.expr, level).trim();
    if (this.#fits(line)) return expr.kind === "subquery" ? line : indent + line; // upstream forgets that indent
    switch (expr.kind) {
      case "aggregation": {
        const args = expr.param === null ? [expr.expr] : [expr.param, expr.expr];
        return `${indent}${printAggregator(expr)}${this.#printArguments(args, level)}`;
      }
      case "call":
        return `${indent}${expr.func.name}${this.#printArguments(expr.args, level)}`;
      case "paren": {
        const inner = expr.levels > 1 ? { ...expr, levels: expr.levels - 1 } : expr.expr;
        return indent + this.#printArguments([inner], level);
      }
      case "binary": {
        const lhs = this.print(expr.lhs, level + 1), rhs = this.print(expr.rhs, level + 1);
        return `${lhs}\n${indent}${printOperator(expr)}\n${rhs}`;
      }
      case "subquery":
        return this.print(expr.expr, level) + printSubqueryWindow(expr);
      default:
        return indent + line;
    }
  }

  #printArguments(args: readonly Expr[], level: number): string {
    const lines = args.map((arg) => this.print(arg, level + 1)).join(",\n");
    return `(\n${lines}\n${"  ".repeat(level)})`;
  }

  #printLine(expr: Expr): string {
    let line = this.#oneLine.get(expr);
    if (line === undefined) {
      line = printWith(expr, (child) => this.#printLine(child));
      this.#oneLine.set(expr, line);
    }
    return line;
  }

  #fits(line: string): boolean {
    return line.length <= this.#lineLengthMax && utf8Length(line) <= this.#lineLengthMax;
  }
}
