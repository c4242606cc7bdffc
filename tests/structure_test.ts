import assert from "node:assert/strict";

interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly code?: { specifier?: string };
    readonly type?: { specifier?: string };
  }[];
}

const root = new URL("../", import.meta.url).href;

/** Files of ours that each file imports, by path below the root. */
async function importsOf(entry: string): Promise<Map<string, string[]>> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", entry] })
    .output();
  assert.ok(success, `deno info ${entry} failed`);
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: readonly Module[] };
  const ours = (specifier?: string) => specifier?.startsWith(root) ? [specifier.slice(root.length)] : [];
  return new Map(
    modules.filter(({ specifier }) => specifier.startsWith(root)).map((
      { specifier, dependencies = [] },
    ) => [
      specifier.slice(root.length),
      dependencies.flatMap(({ code, type }) => [...ours(code?.specifier), ...ours(type?.specifier)]),
    ]),
  );
}

async function* files(folder: string): AsyncIterable<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, root))) {
    if (isDirectory) yield* files(`${folder}${name}/`);
    else if (/\.tsx?$/.test(name)) yield folder + name;
  }
}

const engine = await importsOf("engine/mod.ts");

Deno.test("engine/ imports nothing of server/ or ui/", () => {
  for (const [file, imports] of engine) {
    for (const imported of imports) assert.match(imported, /^engine\//, `${file} imports ${imported}`);
  }
});

Deno.test("every file of engine/ is reachable from engine/mod.ts", async () => {
  for await (const file of files("engine/")) {
    assert.ok(engine.has(file), `${file} is not used: delete or use it`);
  }
});

/** What each part of the engine may import beside itself; files directly in engine/ are open to all. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  labels: [],
  histogram: ["labels"],
  exposition: ["labels", "histogram"],
  instrument: ["labels", "histogram", "exposition"],
  tsdb: ["labels", "histogram"],
  promql: ["labels", "histogram", "tsdb"],
};

Deno.test("inside engine/ the arrows point one way", () => {
  for (const [file, imports] of engine) {
    const part = file.split("/")[1];
    const allowed = MAY_IMPORT[part];
    if (allowed === undefined) continue;
    for (const imported of imports) {
      const other = imported.split("/")[1];
      if (other === part || other.endsWith(".ts")) continue;
      assert.ok(
        allowed.includes(other),
        `${file} imports ${imported}, but ${part} may import ${allowed.join(", ")}`,
      );
    }
  }
});

Deno.test("the engine has no clock, timers, randomness or outside world of its own", async () => {
  const forbidden =
    /\bDeno\.|(?<!#)\bfetch\(|\bsetTimeout\(|\bsetInterval\(|\bDate\.now\(|\bperformance\.|Math\.random\(/;
  for await (const file of files("engine/")) {
    const text = await Deno.readTextFile(new URL(file, root));
    text.split("\n").forEach((line, i) => {
      if (/^\s*(\*|\/\/|\/\*)/.test(line)) return;
      assert.ok(!forbidden.test(line), `${file}:${i + 1}: ${line.trim()}`);
    });
  }
});
