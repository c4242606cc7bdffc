import assert from "node:assert/strict";
import { CONFORMANCE } from "../../conformance/folder.ts";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { parseExpr } from "../../../engine/promql/parser.ts";
import { prettyPrint } from "../../../engine/promql/pretty_print.ts";
import { print } from "../../../engine/promql/print.ts";
import { PromQLSyntaxError } from "../../../engine/promql/promql_syntax_error.ts";

const folder = `${CONFORMANCE}/promqltest`;
const exists = existsSync(folder);
const EVERYTHING = {
  enableExperimentalFunctions: true,
  enableExtendedRangeSelectors: true,
  enableBinopFillModifiers: true,
};
const EVAL = /^eval(?:_\w+)?\s+(?:instant\s+at\s+\S+|range\s+from\s+\S+\s+to\s+\S+\s+step\s+\S+)\s+(.+)$/;

/** The queries of a script, and whether each is expected to fail, in parsing or later. */
function queriesOf(script: string): { query: string; mayFail: boolean }[] {
  const queries: { query: string; mayFail: boolean }[] = [];
  for (const raw of script.split("\n")) {
    const line = raw.trim();
    const match = EVAL.exec(line);
    if (match) queries.push({ query: match[1], mayFail: line.startsWith("eval_fail") });
    else if (/^expect(?:ed)?[_ ]fail/.test(line)) queries.at(-1)!.mayFail = true;
  }
  return queries;
}

Deno.test({
  name: `every query of upstream's scripts parses and prints as itself${
    exists ? "" : " (no conformance data)"
  }`,
  ignore: !exists,
  fn() {
    let count = 0;
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".test"))) {
      for (const { query, mayFail } of queriesOf(readFileSync(`${folder}/${file}`, "utf8"))) {
        try {
          const expr = parseExpr(query, EVERYTHING);
          assert.equal(print(parseExpr(print(expr), EVERYTHING)), print(expr), query);
          assert.equal(print(parseExpr(prettyPrint(expr), EVERYTHING)), print(expr), query);
          count++;
        } catch (error) {
          assert.ok(error instanceof PromQLSyntaxError, `${file}: ${query}: ${error}`);
          assert.ok(mayFail, `${file}: ${query}: ${error.message}`);
        }
      }
    }
    assert.ok(count > 2000, `only ${count} queries found`);
  },
});
