import type { WebOptions } from "./deps.ts";

const LOCALHOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "::1"]);

/**
 * The URL of a target as the outside may reach it: a target on this very host is named as the external URL names
 * this host, and this server itself gets the port and scheme of that URL, too.
 */
export function globalUrl(
  target: string,
  { listenAddresses, externalUrl }: Pick<WebOptions, "listenAddresses" | "externalUrl">,
): string {
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/is.exec(target);
  if (parts === null) return target;
  const [, scheme, authority, rest] = parts;
  const { host, port } = splitHostPort(authority);
  if (!LOCALHOSTS.has(host)) return target;
  const own = splitHostPort(listenAddresses[0] ?? "").port;
  if (port !== "" && port === own) return `${externalUrl.protocol}//${externalUrl.host}${rest}`;
  return `${scheme}://${externalUrl.hostname}${port === "" ? "" : `:${port}`}${rest}`;
}

function splitHostPort(authority: string): { host: string; port: string } {
  const [, host, port = ""] = /^(.*?)(?::([0-9]*))?$/s.exec(authority)!;
  return { host: host.replace(/^\[(.*)\]$/, "$1"), port };
}
