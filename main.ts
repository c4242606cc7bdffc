import { backup } from "./server/cli/backup.ts";
import { checkConfig } from "./server/cli/check_config.ts";
import { exportSamples } from "./server/cli/export.ts";
import { importSamples } from "./server/cli/import.ts";
import { restore } from "./server/cli/restore.ts";
import { BUILD_INFO } from "./server/build_info.ts";
import { createProgram } from "./server/config/program.ts";
import { serve } from "./server/serve.ts";

const encoder = new TextEncoder();
const io = {
  stdout: (text: string) => void Deno.stdout.writeSync(encoder.encode(text)),
  stderr: (text: string) => void Deno.stderr.writeSync(encoder.encode(text)),
};

const program = createProgram({
  serve,
  import: (request) => importSamples(request, io),
  export: (request) => exportSamples(request, io),
  backup: (request) => backup(request, io),
  restore: (request) => restore(request, io),
  checkConfig: (request) => checkConfig(request, io),
}, { version: BUILD_INFO.version, cores: navigator.hardwareConcurrency, ...io });

Deno.exit(await program.run(Deno.args));
