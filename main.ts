import { BUILD_INFO } from "./server/build_info.ts";
import { createProgram } from "./server/config/program.ts";

/** Writes all of it, also to a pipe that takes less at a time. */
function writeTo(out: { writeSync(bytes: Uint8Array): number }): (text: string) => void {
  return (text) => {
    let bytes = new TextEncoder().encode(text);
    while (bytes.length > 0) bytes = bytes.subarray(out.writeSync(bytes));
  };
}
const io = { stdout: writeTo(Deno.stdout), stderr: writeTo(Deno.stderr) };

// A command is loaded when it is run: the server does not pay for the others.
const program = createProgram({
  serve: async (request) => (await import("./server/serve.ts")).serve(request),
  import: async (request) => (await import("./server/cli/import.ts")).importSamples(request, io),
  export: async (request) => (await import("./server/cli/export.ts")).exportSamples(request, io),
  backup: async (request) => (await import("./server/cli/backup.ts")).backup(request, io),
  restore: async (request) => (await import("./server/cli/restore.ts")).restore(request, io),
  checkConfig: async (request) => (await import("./server/cli/check_config.ts")).checkConfig(request, io),
}, { version: BUILD_INFO.version, cores: navigator.hardwareConcurrency, ...io });

Deno.exit(await program.run(Deno.args));
