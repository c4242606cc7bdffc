/**
 * Measures Narthex next to Prometheus on the same load in the same run.
 *
 *     deno task bench [part…] [--quick] [--json FILE] [--only narthex|prometheus]
 *
 * Everything stays on the loopback interface, in a temporary directory and within each part's time limit; servers
 * and files are gone when it ends, also after Ctrl-C. Needs Debian's `prometheus` and `prometheus-node-exporter`.
 */
import { parseArgs } from "node:util";
import { loadavg } from "node:os";
import { type Bench, messageOf, type Part } from "./bench.ts";
import { Children } from "./children.ts";
import { describeMachine } from "./machine.ts";
import { disk } from "./parts/disk.ts";
import { generator } from "./parts/generator.ts";
import { idle } from "./parts/idle.ts";
import { ingest, ingestMax, memory } from "./parts/ingest.ts";
import { native } from "./parts/native.ts";
import { query } from "./parts/query.ts";
import { start } from "./parts/start.ts";
import { Report } from "./report.ts";
import { SUBJECTS } from "./subjects.ts";

const PARTS: readonly Part[] = [generator, idle, ingest, ingestMax, memory, disk, start, query, native];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    only: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});
const names = PARTS.map(({ name }) => name), unknown = positionals.filter((name) => !names.includes(name));
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) console.error(`There is no part ${unknown.join(", ")}.`);
  console.error("Parts, all by default:");
  for (const { name, summary } of PARTS) console.error(`  ${name.padEnd(12)} ${summary}`);
  console.error("Options: --quick, --json FILE, --only narthex|prometheus");
  Deno.exit(values.help ? 0 : 2);
}

const report = new Report();
let children = new Children(); // of the current part
const directory = Deno.makeTempDirSync({ prefix: "narthex-bench-" });
const log = (text: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);

async function cleanUp(): Promise<void> {
  await children.close();
  Deno.removeSync(directory, { recursive: true });
}
for (const name of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(name, () => void cleanUp().finally(() => Deno.exit(130)));
}

const subjects = SUBJECTS.filter((subject) => {
  if (values.only !== undefined && values.only !== subject.name) return false;
  const obstacle = subject.obstacle();
  if (obstacle !== undefined) report.problem("all", subject.name, obstacle);
  return obstacle === undefined;
});
const machine = describeMachine(subjects);
machine.push(`load average at the start: ${loadavg()[0]!.toFixed(2)}`);

try {
  for (const part of PARTS) {
    if (positionals.length > 0 && !positionals.includes(part.name)) continue;
    log(`${part.name}: ${part.summary}`);
    children = new Children();
    try {
      await withinLimit(part, { isQuick: values.quick, subjects, report, children, directory, log });
    } catch (error) {
      report.problem(part.name, "all", messageOf(error));
    }
    await children.close();
  }
} finally {
  await cleanUp();
}
console.log(`## Benchmark\n\n${machine.map((line) => `- ${line}`).join("\n")}\n\n${report.markdown()}`);
if (values.json !== undefined) {
  const { figures, notes, problems } = report;
  Deno.writeTextFileSync(values.json, JSON.stringify({ machine, figures, notes, problems }, null, 2) + "\n");
}
Deno.exit(0);

/** Runs a part, for no longer than its limit; closing its `children` then makes what is left of it fail. */
async function withinLimit(part: Part, bench: Bench): Promise<void> {
  const { promise: limit, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`Broken off after ${part.limitSeconds} s`)),
    part.limitSeconds * 1000,
  );
  const running = part.run(bench);
  running.catch(() => {}); // what fails after the limit fails because of it
  try {
    await Promise.race([running, limit]);
  } finally {
    clearTimeout(timer);
  }
}
