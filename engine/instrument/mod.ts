/**
 * The client library: metrics that a program keeps about itself, and the registry that gathers them.
 *
 * ```ts
 * const registry = new Registry({ now: () => performance.timeOrigin + performance.now() });
 * const requests = registry.counter({
 *   name: "http_requests_total",
 *   help: "Requests answered, by method and status code.",
 *   labelNames: ["method", "code"],
 * });
 * const duration = registry.histogram({ name: "http_request_duration_seconds", help: "Time to answer." });
 *
 * const ok = requests.labels({ method: "get", code: "200" }); // keep children of hot paths
 * await duration.time(() => answer());
 * ok.inc();
 * registry.gather(); // metric families, ready for a writer of engine/exposition
 * ```
 * A registry is made by whoever starts the program and passed down; the engine keeps none of its own. The
 * registries of several threads meet in one: `encodeFamilies` → `postMessage` → `decodeFamilies` → `mergeFamilies`.
 * @module
 */
export { DEFAULT_BUCKETS, exponentialBuckets, exponentialRangeBuckets, linearBuckets } from "./buckets.ts";
export type { Clock } from "./clock.ts";
export type { Collector } from "./collector.ts";
export { constFamily, type ConstMetric } from "./const_family.ts";
export { Counter, type CounterChild, type CounterOptions } from "./counter.ts";
export { Desc, type DescOptions } from "./desc.ts";
export { EXEMPLAR_CHARACTERS_MAX } from "./exemplar_labels.ts";
export { Gauge, type GaugeChild, type GaugeOptions } from "./gauge.ts";
export { Histogram, type HistogramChild, type HistogramOptions } from "./histogram.ts";
export { Info, type InfoOptions } from "./info.ts";
export { mergeFamilies } from "./merge.ts";
export { DEFAULT_ZERO_THRESHOLD, type NativeOptions } from "./native_histogram.ts";
export { ProcessMetrics, type ProcessReader, type ProcessStats } from "./process_metrics.ts";
export { AlreadyRegisteredError, type Gathered, GatherError, Registry } from "./registry.ts";
export { sampleValue } from "./sample_value.ts";
export { Summary, type SummaryChild, type SummaryOptions } from "./summary.ts";
export type { EndTimer } from "./timer.ts";
export { decodeFamilies, encodeFamilies, type PlainFamily } from "./transfer.ts";
