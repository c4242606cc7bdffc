/** CPU time and memory of a process and its descendants, and of the whole machine, from /proc. */

/** Clock ticks per second: fixed at 100 by Linux for what it shows in /proc. */
const TICKS_PER_SECOND = 100;

/** Use of CPU and memory by a process tree. */
export interface Usage {
  /** User and system time so far, ended children included. */
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  /** Highest resident set so far, or since `forgetPeakRss`; the sum of each process's own highest. */
  readonly peakRssBytes: number;
  /** Bytes sent to the disk so far, rewriting included. */
  readonly writtenBytes: number;
}

/** @throws {Error} If the process is gone. */
export function usageOf(pid: number): Usage {
  let cpuSeconds = 0, rssBytes = 0, peakRssBytes = 0, writtenBytes = 0;
  for (const member of treeOf(pid)) {
    try {
      cpuSeconds += cpuSecondsOf(member);
      const status = Deno.readTextFileSync(`/proc/${member}/status`);
      rssBytes += kilobytes(status, "VmRSS") * 1024;
      peakRssBytes += kilobytes(status, "VmHWM") * 1024;
      const io = Deno.readTextFileSync(`/proc/${member}/io`);
      writtenBytes += Number(/^write_bytes: (\d+)/m.exec(io)?.[1] ?? 0);
    } catch (error) {
      if (member === pid) {
        throw new Error(`Cannot read the use of process ${pid}: it has ended`, { cause: error });
      }
    }
  }
  return { cpuSeconds, rssBytes, peakRssBytes, writtenBytes };
}

/** Lets the highest resident set of each process of the tree begin anew at what it is now. */
export function forgetPeakRss(pid: number): void {
  for (const member of treeOf(pid)) {
    try {
      Deno.writeTextFileSync(`/proc/${member}/clear_refs`, "5");
    } catch (error) {
      if (member === pid) {
        throw new Error(`Cannot reset the peak RSS of process ${pid}: it has ended`, { cause: error });
      }
    }
  }
}

/** Seconds that all cores together have been busy since the machine started. */
export function machineBusySeconds(): number {
  const [user, nice, system, , , irq, softirq] = Deno.readTextFileSync("/proc/stat").split("\n", 1)[0]!
    .trim().split(/\s+/).slice(1).map(Number) as [number, number, number, number, number, number, number];
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

function cpuSecondsOf(pid: number): number {
  const [utime, stime, cutime, cstime] = statFields(pid).slice(11, 15).map(Number);
  return (utime! + stime! + cutime! + cstime!) / TICKS_PER_SECOND;
}

/** The fields after the command, which may itself contain blanks and brackets: state, ppid, … */
function statFields(pid: number): string[] {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of Deno.readDirSync("/proc")) {
    const pid = Number(entry.name);
    if (!Number.isInteger(pid)) continue;
    try {
      const parent = Number(statFields(pid)[1]);
      children.set(parent, [...children.get(parent) ?? [], pid]);
    } catch { /* ended meanwhile */ }
  }
  const tree = [root];
  for (const pid of tree) tree.push(...children.get(pid) ?? []);
  return tree;
}

function kilobytes(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
}
