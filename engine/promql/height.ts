import type { DurationOperand, Expr } from "./ast.ts";
import { children } from "./traverse.ts";

type Node = Expr | DurationOperand;

/**
 * A node more than `heightMax` levels below the top of `root`, itself included, if there is one. Chains such as
 * `1 + 1 + …` make a tree that high without any nesting in the text. Works on any tree, as it does not recurse.
 */
export function nodeAbove(root: Expr, heightMax: number): Node | undefined {
  let level: readonly Node[] = [root];
  for (let height = 1; height <= heightMax && level.length > 0; height++) level = level.flatMap(below);
  return level[0];
}

/** What is directly below `node`, durations included. */
function below(node: Node): readonly Node[] {
  switch (node.kind) {
    case "durationExpr":
      return present(node.lhs, node.rhs);
    case "vectorSelector":
      return present(node.offsetExpr);
    case "matrixSelector":
      return present(node.selector, node.rangeExpr);
    case "subquery":
      return present(node.expr, node.rangeExpr, node.stepExpr, node.offsetExpr);
    default:
      return children(node);
  }
}

function present(...nodes: (Node | null)[]): readonly Node[] {
  return nodes.filter((node) => node !== null);
}
