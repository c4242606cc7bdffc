/** What the benchmark ran on. */
import { cpus, totalmem } from "node:os";
import { firstLineOf, type Subject } from "./subjects.ts";

/** Lines of Markdown. */
export function describeMachine(subjects: readonly Subject[]): string[] {
  const processors = cpus();
  return [
    `${processors.length} cores (${processors[0]?.model.trim()}), ${
      (totalmem() / 1e9).toFixed(1)
    } GB of RAM, ` +
    `Linux ${Deno.osRelease()}`,
    `Deno ${Deno.version.deno}, V8 ${Deno.version.v8}`,
    ...subjects.map((subject) => `${subject.name}: ${subject.version()}`),
    `${firstLineOf("prometheus-node-exporter", ["--version"]) ?? "no node_exporter"}`,
  ];
}
