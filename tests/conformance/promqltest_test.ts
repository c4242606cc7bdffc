import assert from "node:assert/strict";
import { OWN_SCRIPTS, scriptFiles, UPSTREAM_SCRIPTS } from "./promqltest/script_files.ts";
import { runScript } from "./promqltest/script_runner.ts";
import { ScriptStore, STORE_KINDS } from "./promqltest/script_store.ts";

const upstream = scriptFiles([UPSTREAM_SCRIPTS]);

async function assertPasses(file: string, store: ScriptStore, reference?: ScriptStore): Promise<void> {
  const { passed, failures } = await runScript(Deno.readTextFileSync(file), store, reference);
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

for (const kind of STORE_KINDS) {
  Deno.test(`PromQL scripts pass on the ${kind} store`, async (t) => {
    using store = await ScriptStore.open(kind);
    using reference = store.evaluateFragment && await ScriptStore.open("memory");
    for (const file of [...upstream, ...scriptFiles([OWN_SCRIPTS])]) {
      await t.step(file.split("/").at(-1)!, () => assertPasses(file, store, reference));
    }
    if (reference !== undefined) assert.ok(store.aggregationsPushedDown > 0);
  });
}
