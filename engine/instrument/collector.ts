import type { MetricFamily } from "../exposition/metric_family.ts";
import type { Desc } from "./desc.ts";

/** Something a registry asks for metrics at every scrape. May be registered with several registries. */
export interface Collector {
  /** What `collect` may return; empty where that is not known beforehand, which gives up checks at registration. */
  describe(): readonly Desc[];
  /** The metrics of this moment. Families of one name may come from several collectors. */
  collect(): Iterable<MetricFamily>;
}
