import { SCRAPE_PROTOCOLS } from "../../engine/exposition/negotiation.ts";

/** Upstream's error for a name that is no protocol, undefined for one that is. */
export function checkScrapeProtocol(name: string): string | undefined {
  if ((SCRAPE_PROTOCOLS as readonly string[]).includes(name)) return undefined;
  return `unknown scrape protocol ${name}, supported: [${SCRAPE_PROTOCOLS.toSorted().join(" ")}]`;
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
