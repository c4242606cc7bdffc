import assert from "node:assert/strict";
import { parser } from "@prometheus-io/lezer-promql";
import { parseExpr } from "../../../engine/promql/parser.ts";
import { parseScript } from "../../conformance/promqltest/script.ts";
import { scriptFiles, UPSTREAM_SCRIPTS } from "../../conformance/promqltest/script_files.ts";

const OPTIONS = {
  enableExperimentalFunctions: true,
  enableExtendedRangeSelectors: true,
  enableBinopFillModifiers: true,
};

/** Whether the grammar that editors use sees an error. */
function lezerRefuses(query: string): boolean {
  let refused = false;
  parser.parse(query).iterate({ enter: ({ type }) => void (refused ||= type.isError) });
  return refused;
}

/** What the parser accepts, as upstream's does, and the grammar of editors does not. */
const ONLY_PARSER: readonly { why: string; pattern: RegExp }[] = [
  { why: "min_of() and max_of() outside of durations", pattern: /\b(min_of|max_of)\(/ },
  { why: "keywords of durations in other than lower case", pattern: /\bstep\(\)/i },
  { why: "numbers that end in a point", pattern: /\d\.(?!\d)/ },
];

const files = scriptFiles([UPSTREAM_SCRIPTS]);
const queries = new Set(
  files.flatMap((file) => parseScript(Deno.readTextFileSync(file)))
    .flatMap((command) => command.kind === "eval" ? [command.query] : []),
);

Deno.test({
  name: files.length > 0
    ? "queries that the parser accepts are accepted by the grammar of editors"
    : `queries of upstream's scripts: skipped, ${UPSTREAM_SCRIPTS} is absent`,
  ignore: files.length === 0,
  fn: () => {
    const differences: string[] = [];
    for (const query of queries) {
      try {
        parseExpr(query, OPTIONS);
      } catch {
        continue;
      }
      const isExplained = ONLY_PARSER.some(({ pattern }) => pattern.test(query));
      if (lezerRefuses(query) && !isExplained) differences.push(query);
    }
    assert.deepEqual(differences, []);
  },
});
