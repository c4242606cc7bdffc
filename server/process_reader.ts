import process from "node:process";
import type { ProcessReader, ProcessStats } from "../engine/instrument/process_metrics.ts";

/** Clock ticks per second in `/proc`; fixed by the kernel's interface, whatever its real timer. */
const USER_HZ = 100;

/** What `/proc` says where there is no limit. */
const UNLIMITED = 2 ** 64 - 1;

/**
 * Reads about this process from the runtime and, where the system has it and permissions allow it, from `/proc`.
 * @param procDir Where `/proc` is mounted.
 */
export function processReader(procDir = "/proc"): ProcessReader {
  return { read: () => ({ ...fromRuntime(), ...fromProc(procDir) }) };
}

function fromRuntime(): ProcessStats {
  const { user, system } = process.cpuUsage();
  const { rss, heapTotal, heapUsed, external } = Deno.memoryUsage();
  return {
    cpuSeconds: (user + system) / 1e6,
    residentMemoryBytes: rss,
    jsHeapTotalBytes: heapTotal,
    jsHeapUsedBytes: heapUsed,
    jsExternalBytes: external,
    startTimeSeconds: performance.timeOrigin / 1000,
  };
}

function fromProc(dir: string): ProcessStats {
  const status = readText(`${dir}/self/status`);
  const limits = readText(`${dir}/self/limits`);
  const network = networkBytes(readText(`${dir}/self/net/netstat`));
  return defined({
    virtualMemoryBytes: kibibytes(status, "VmSize"),
    heapBytes: kibibytes(status, "VmData"),
    threads: numberAfter(status, /^Threads:\s+(\d+)$/m),
    virtualMemoryMaxBytes: softLimit(limits, "Max address space"),
    maxFds: softLimit(limits, "Max open files"),
    openFds: openFds(`${dir}/self/fd`),
    startTimeSeconds: startTimeSeconds(readText(`${dir}/stat`), readText(`${dir}/self/stat`)),
    networkReceiveBytes: network?.received,
    networkTransmitBytes: network?.sent,
  });
}

/** The file's text, or `undefined` where it is missing or out of bounds. */
function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined; // another system, or no permission: the metric is left out
  }
}

function openFds(path: string): number | undefined {
  try {
    let count = 0;
    for (const _ of Deno.readDirSync(path)) count++;
    return count - 1; // without the one that lists them
  } catch {
    return undefined;
  }
}

function kibibytes(status: string | undefined, field: string): number | undefined {
  const value = numberAfter(status, new RegExp(`^${field}:\\s+(\\d+) kB$`, "m"));
  return value && value * 1024;
}

function softLimit(limits: string | undefined, name: string): number | undefined {
  const found = limits === undefined ? null : new RegExp(`^${name}\\s+(\\S+)`, "m").exec(limits);
  return found === null ? undefined : found[1] === "unlimited" ? UNLIMITED : Number(found[1]);
}

/** Boot time plus the start of the process in ticks since then. */
function startTimeSeconds(system: string | undefined, self: string | undefined): number | undefined {
  const boot = numberAfter(system, /^btime (\d+)$/m);
  // The program's name, in brackets, may itself have spaces and brackets: fields count from the last one.
  const ticks = self?.slice(self.lastIndexOf(")") + 2).split(" ")[19];
  return boot === undefined || ticks === undefined ? undefined : boot + Number(ticks) / USER_HZ;
}

function networkBytes(netstat: string | undefined): { received: number; sent: number } | undefined {
  const [names, values] = netstat?.split("\n").filter((line) => line.startsWith("IpExt:")) ?? [];
  if (values === undefined) return undefined;
  const columns = names.split(" "), row = values.split(" ");
  const received = row[columns.indexOf("InOctets")], sent = row[columns.indexOf("OutOctets")];
  return received === undefined || sent === undefined
    ? undefined
    : { received: Number(received), sent: Number(sent) };
}

function numberAfter(text: string | undefined, pattern: RegExp): number | undefined {
  const found = text === undefined ? null : pattern.exec(text);
  return found === null ? undefined : Number(found[1]);
}

/** `stats` without its undefined fields, so that they do not hide what another source knows. */
function defined(stats: ProcessStats): ProcessStats {
  return Object.fromEntries(Object.entries(stats).filter(([, value]) => value !== undefined));
}
