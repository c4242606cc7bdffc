import type { ScrapeProtocol } from "../../engine/exposition/negotiation.ts";
import type { EscapingScheme, ValidationScheme } from "../../engine/labels/names.ts";
import type { RelabelConfig } from "../../engine/labels/relabel.ts";
import type { PlainHttpClientConfig } from "./plain_http.ts";

/** How the targets of a scrape pool (a job) are scraped; plain data, so that it reaches a worker. */
export interface ScrapePoolSpec {
  readonly jobName: string;
  /** Equal fingerprints mean that nothing but targets changed. */
  readonly fingerprint: string;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  readonly enableCompression: boolean;
  /** In order of preference; undefined leaves them to whether a target's native histograms are scraped. */
  readonly scrapeProtocols: readonly ScrapeProtocol[] | undefined;
  /** For bodies without a known Content-Type, undefined for none. */
  readonly fallbackProtocol: ScrapeProtocol | undefined;
  readonly validationScheme: ValidationScheme;
  readonly escapingScheme: EscapingScheme;
  readonly metricRelabelConfigs: readonly RelabelConfig[];
  readonly http: PlainHttpClientConfig;
  /** Bytes of a body after decompression; 0 for no limit, as with all limits here. */
  readonly bodySizeLimit: number;
  readonly sampleLimit: number;
  readonly labelLimit: number;
  readonly labelNameLengthLimit: number;
  readonly labelValueLengthLimit: number;
  readonly nativeHistogramBucketLimit: number;
  readonly nativeHistogramMinBucketFactor: number;
  readonly extraScrapeMetrics: boolean;
  readonly startTimestamps: StartTimestampUse;
  /** Series get `__type__` and `__unit__` labels. */
  readonly typeAndUnitLabels: boolean;
  /** Where failed scrapes are logged, "" for nowhere. */
  readonly scrapeFailureLogFile: string;
  /** Why no target of the pool may be scraped (target_limit), "" where they may. */
  readonly poolError: string;
  readonly targets: readonly TargetSpec[];
}

/** What of scraping is off unless asked for. */
export type ScrapeFeatures = Pick<ScrapePoolSpec, "startTimestamps" | "typeAndUnitLabels">;

/** What becomes of start timestamps. Where nothing does, `_created` samples are series like others. */
export interface StartTimestampUse {
  /** They are kept beside the samples. */
  readonly areStored: boolean;
  /** Each puts a sample of 0 at its time, where the series has none as late. */
  readonly injectZeros: boolean;
}

export interface TargetSpec {
  /** Identity: what makes two targets the same across reloads. */
  readonly id: string;
  readonly url: string;
  /** Path of the socket to connect to instead of the URL's host, "" for none. */
  readonly unixSocket: string;
  /** Labels that its series get: name, value, … sorted by name. */
  readonly labels: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** When in each interval it is scraped, in ms from 0 (inclusive) to the interval (exclusive). */
  readonly offsetMs: number;
  readonly scrapeNativeHistograms: boolean;
  readonly alwaysScrapeClassicHistograms: boolean;
  readonly convertClassicHistogramsToNhcb: boolean;
}

export type TargetHealth = "unknown" | "up" | "down";

export interface TargetMetadata {
  readonly family: string;
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

/** How a target fares. */
export interface TargetStatus {
  readonly jobName: string;
  readonly id: string;
  readonly health: TargetHealth;
  /** "" where the last scrape went well. */
  readonly lastError: string;
  /** Milliseconds since the Unix epoch, 0 where it was never scraped. */
  readonly lastScrapeMs: number;
  readonly lastDurationSeconds: number;
  readonly metadata: readonly TargetMetadata[];
}
