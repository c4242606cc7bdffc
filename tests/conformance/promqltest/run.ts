/**
 * Runs scripts of upstream's PromQL test language, all there are unless files are named, on the memory store and again
 * on three shards in workers, unless stores are named. Stores that evaluate by themselves are compared with the memory
 * store, too.
 *
 *   deno run -A tests/conformance/promqltest/run.ts [--store memory|reopened|sharded|workers]… [--verbose] [file…]
 *
 * Prints counts per file and store and, last, `<n> passed, <n> failed`; the exit code is 1 if anything failed, and 2 if
 * upstream's scripts are not there.
 */
import { parseArgs } from "node:util";
import { scriptFiles, UPSTREAM_SCRIPTS } from "./script_files.ts";
import { runScript } from "./script_runner.ts";
import { ScriptStore, STORE_KINDS } from "./script_store.ts";

const { values, positionals } = parseArgs({
  options: {
    store: { type: "string", multiple: true, default: ["memory", "workers"] },
    verbose: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const { verbose } = values;
const kinds = values.store.map((name) => {
  const kind = STORE_KINDS.find((kind) => kind === name);
  if (kind === undefined) {
    console.error(`Unknown store ${name}: use ${STORE_KINDS.join(", ")}`);
    Deno.exit(2);
  }
  return kind;
});
if (positionals.length === 0 && scriptFiles([UPSTREAM_SCRIPTS]).length === 0) {
  console.error(
    `There are no scripts in ${UPSTREAM_SCRIPTS}: set NARTHEX_CONFORMANCE to where promqltest/ is`,
  );
  Deno.exit(2);
}
let passed = 0, failed = 0;
for (const kind of kinds) {
  const store = await ScriptStore.open(kind);
  const reference = store.evaluateFragment === undefined ? undefined : await ScriptStore.open("memory");
  for (const file of positionals.length > 0 ? positionals : scriptFiles()) {
    try {
      const result = await runScript(Deno.readTextFileSync(file), store, reference);
      passed += result.passed;
      failed += result.failures.length;
      console.log(`${kind}: ${file}: ${result.passed} passed, ${result.failures.length} failed`);
      for (const { line, query, reason } of verbose ? result.failures : []) {
        console.log(`  line ${line}: ${query}\n    ${reason}`);
      }
    } catch (error) {
      failed++;
      console.log(`${kind}: ${file}: ${(error as Error).message}`);
    }
  }
  if (reference === undefined) continue;
  console.log(`${kind}: ${store.aggregationsPushedDown} aggregations were evaluated by the shards`);
}
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed > 0 ? 1 : 0);
