import type { MetricFamily } from "../exposition/metric_family.ts";
import type { Collector } from "./collector.ts";
import { constFamily } from "./const_family.ts";
import { Desc } from "./desc.ts";

/** What is known about the running process. What cannot be told is left out rather than guessed. */
export interface ProcessStats {
  /** User and system time since the start. */
  readonly cpuSeconds?: number;
  readonly residentMemoryBytes?: number;
  readonly virtualMemoryBytes?: number;
  readonly virtualMemoryMaxBytes?: number;
  /** Size of the data segment, the JavaScript heap included. */
  readonly heapBytes?: number;
  readonly openFds?: number;
  readonly maxFds?: number;
  readonly threads?: number;
  /** Since the Unix epoch. */
  readonly startTimeSeconds?: number;
  readonly networkReceiveBytes?: number;
  readonly networkTransmitBytes?: number;
  readonly jsHeapTotalBytes?: number;
  readonly jsHeapUsedBytes?: number;
  readonly jsExternalBytes?: number;
}

/** Reads about the process from the operating system and the runtime. */
export interface ProcessReader {
  read(): ProcessStats;
}

const METRICS: readonly [keyof ProcessStats, "counter" | "gauge", name: string, help: string][] = [
  ["cpuSeconds", "counter", "process_cpu_seconds_total", "Total user and system CPU time spent in seconds."],
  ["residentMemoryBytes", "gauge", "process_resident_memory_bytes", "Resident memory size in bytes."],
  ["virtualMemoryBytes", "gauge", "process_virtual_memory_bytes", "Virtual memory size in bytes."],
  [
    "virtualMemoryMaxBytes",
    "gauge",
    "process_virtual_memory_max_bytes",
    "Maximum amount of virtual memory available in bytes.",
  ],
  ["heapBytes", "gauge", "process_heap_bytes", "Process heap size in bytes."],
  ["openFds", "gauge", "process_open_fds", "Number of open file descriptors."],
  ["maxFds", "gauge", "process_max_fds", "Maximum number of open file descriptors."],
  ["threads", "gauge", "process_threads", "Number of OS threads in the process."],
  [
    "startTimeSeconds",
    "gauge",
    "process_start_time_seconds",
    "Start time of the process since unix epoch in seconds.",
  ],
  [
    "networkReceiveBytes",
    "counter",
    "process_network_receive_bytes_total",
    "Number of bytes received by the process over the network.",
  ],
  [
    "networkTransmitBytes",
    "counter",
    "process_network_transmit_bytes_total",
    "Number of bytes sent by the process over the network.",
  ],
  // The names under which dashboards for JavaScript servers look for the heap.
  ["jsHeapTotalBytes", "gauge", "nodejs_heap_size_total_bytes", "Size of the JavaScript heap in bytes."],
  ["jsHeapUsedBytes", "gauge", "nodejs_heap_size_used_bytes", "Used part of the JavaScript heap in bytes."],
  [
    "jsExternalBytes",
    "gauge",
    "nodejs_external_memory_bytes",
    "Memory held by JavaScript objects outside of the heap in bytes.",
  ],
];

/** The standard metrics about the process. Register it once per process, on the main thread. */
export class ProcessMetrics implements Collector {
  readonly #reader: ProcessReader;
  readonly #descs = METRICS.map(([, , name, help]) => new Desc({ name, help }));

  constructor(reader: ProcessReader) {
    this.#reader = reader;
  }

  describe(): readonly Desc[] {
    return this.#descs;
  }

  collect(): MetricFamily[] {
    const stats = this.#reader.read();
    return METRICS.flatMap(([field, type], i) => {
      const value = stats[field];
      return value === undefined ? [] : [constFamily(this.#descs[i], type, [{ value }])];
    });
  }
}
