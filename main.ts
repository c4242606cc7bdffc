import { NARTHEX_VERSION } from "./server/build_info.ts";
import { createProgram } from "./server/config/program.ts";

/** Writes all of it, also to a pipe that takes less at a time. */
function writeTo(out: { writeSync(bytes: Uint8Array): number }): (text: string) => void {
  return (text) => {
    let bytes = new TextEncoder().encode(text);
    while (bytes.length > 0) bytes = bytes.subarray(out.writeSync(bytes));
  };
}
const io = { stdout: writeTo(Deno.stdout), stderr: writeTo(Deno.stderr) };

// A command is loaded when it is run: the server does not pay for the others. Not even for their sources, which Deno
// would read at the start if the specifier were a literal.
const commands = async (): Promise<typeof import("./server/cli/mod.ts")> =>
  await import(new URL("./server/cli/mod.ts", import.meta.url).href);
const program = createProgram({
  serve: async (request) => (await import("./server/serve.ts")).serve(request),
  import: async (request) => (await commands()).importSamples(request, io),
  export: async (request) => (await commands()).exportSamples(request, io),
  backup: async (request) => (await commands()).backup(request, io),
  restore: async (request) => (await commands()).restore(request, io),
  checkConfig: async (request) => (await commands()).checkConfig(request, io),
  checkRules: async (request) => (await commands()).checkRules(request, io),
}, { version: NARTHEX_VERSION, cores: navigator.hardwareConcurrency, ...io });

Deno.exit(await program.run(Deno.args));
