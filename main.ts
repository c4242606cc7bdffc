import { backup } from "./server/cli/backup.ts";
import { checkConfig } from "./server/cli/check_config.ts";
import { exportSamples } from "./server/cli/export.ts";
import { importSamples } from "./server/cli/import.ts";
import { restore } from "./server/cli/restore.ts";
import { BUILD_INFO } from "./server/build_info.ts";
import { createProgram } from "./server/config/program.ts";
import { serve } from "./server/serve.ts";

/** Writes all of it, also to a pipe that takes less at a time. */
function writeTo(out: { writeSync(bytes: Uint8Array): number }): (text: string) => void {
  return (text) => {
    let bytes = new TextEncoder().encode(text);
    while (bytes.length > 0) bytes = bytes.subarray(out.writeSync(bytes));
  };
}
const io = { stdout: writeTo(Deno.stdout), stderr: writeTo(Deno.stderr) };

const program = createProgram({
  serve,
  import: (request) => importSamples(request, io),
  export: (request) => exportSamples(request, io),
  backup: (request) => backup(request, io),
  restore: (request) => restore(request, io),
  checkConfig: (request) => checkConfig(request, io),
}, { version: BUILD_INFO.version, cores: navigator.hardwareConcurrency, ...io });

Deno.exit(await program.run(Deno.args));
