/** The exposition formats that may be asked of a target. */
export const SCRAPE_PROTOCOLS = [
  "OpenMetricsText0.0.1",
  "OpenMetricsText1.0.0",
  "PrometheusProto",
  "PrometheusText0.0.4",
  "PrometheusText1.0.0",
] as const;
export type ScrapeProtocol = typeof SCRAPE_PROTOCOLS[number];

/** What is asked for by default, best first. */
export const SCRAPE_PROTOCOLS_DEFAULT: readonly ScrapeProtocol[] = [
  "OpenMetricsText1.0.0",
  "OpenMetricsText0.0.1",
  "PrometheusText1.0.0",
  "PrometheusText0.0.4",
];

/** What is asked for where native histograms are scraped. */
export const SCRAPE_PROTOCOLS_PROTO_FIRST: readonly ScrapeProtocol[] = [
  "PrometheusProto",
  ...SCRAPE_PROTOCOLS_DEFAULT,
];

/** Upstream's error for a name that is no protocol, undefined for one that is. */
export function checkScrapeProtocol(name: string): string | undefined {
  if ((SCRAPE_PROTOCOLS as readonly string[]).includes(name)) return undefined;
  return `unknown scrape protocol ${name}, supported: [${SCRAPE_PROTOCOLS.join(" ")}]`;
}

/** Upstream's error for a `scrape_protocols` list, and the index of the item it is about. */
export function checkScrapeProtocols(
  names: readonly string[],
): { index?: number; reason: string } | undefined {
  if (names.length === 0) return { reason: "scrape_protocols cannot be empty" };
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    if (seen.has(name.toLowerCase())) {
      return { index, reason: `duplicated protocol in scrape_protocols, got [${names.join(" ")}]` };
    }
    const reason = checkScrapeProtocol(name);
    if (reason !== undefined) return { index, reason: `scrape_protocols: ${reason}` };
    seen.add(name.toLowerCase());
  }
}
