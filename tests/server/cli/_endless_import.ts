/** Imports a text without end into the data directory named by the first argument; says when blocks were written. */
import { importSamples } from "../../../server/cli/import.ts";

const samplesMax = 10_000;
const encoder = new TextEncoder();
let sample = 0;
const stdin = {
  read(into: Uint8Array): Promise<number> {
    let lines = "";
    for (let i = 0; i < 500; i++, sample++) {
      lines += `m{i="${sample % 100}"} ${sample} ${1_700_000_000 + sample}\n`;
    }
    if (sample > 10 * samplesMax) Deno.stdout.writeSync(encoder.encode("blocks written\n"));
    return Promise.resolve(encoder.encodeInto(lines, into).written);
  },
};
await importSamples({ file: "-", storagePath: Deno.args[0], labels: {} }, {
  stdout: () => {},
  stderr: () => {},
}, {
  stdin,
  samplesMax,
});
