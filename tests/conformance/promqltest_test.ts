import assert from "node:assert/strict";
import { OWN_SCRIPTS, scriptFiles, UPSTREAM_SCRIPTS } from "./promqltest/script_files.ts";
import { runScript } from "./promqltest/script_runner.ts";
import type { StoreKind } from "./promqltest/script_store.ts";

const STORES: readonly StoreKind[] = ["memory", "sharded"];
const upstream = scriptFiles([UPSTREAM_SCRIPTS]);

async function assertPasses(file: string, store: StoreKind): Promise<void> {
  const { passed, failures } = await runScript(Deno.readTextFileSync(file), store);
  const report = failures.map(({ line, query, reason }) => `line ${line}: ${query}\n    ${reason}`).join(
    "\n",
  );
  assert.equal(failures.length, 0, `${file}: ${passed} passed, ${failures.length} failed\n${report}`);
  assert.ok(passed > 0, `${file} evaluates nothing`);
}

Deno.test({
  name: upstream.length > 0
    ? "upstream's PromQL scripts are there"
    : `upstream's PromQL scripts: skipped, ${UPSTREAM_SCRIPTS} is absent`,
  ignore: upstream.length === 0,
  fn: () => assert.ok(upstream.length >= 20),
});

for (const store of STORES) {
  for (const file of [...upstream, ...scriptFiles([OWN_SCRIPTS])]) {
    Deno.test(`${file.split("/").at(-1)} passes on the ${store} store`, () => assertPasses(file, store));
  }
}
