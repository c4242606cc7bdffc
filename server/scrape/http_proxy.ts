import type { PlainHttpClientConfig } from "./plain_http.ts";

type ProxyConfig = Pick<
  PlainHttpClientConfig,
  "proxyUrl" | "noProxy" | "proxyFromEnvironment" | "proxyConnectHeader"
>;

/** The proxy for a request to `url`, "" for none. */
export function proxyFor(config: ProxyConfig, url: URL, env: (name: string) => string | undefined): string {
  if (!config.proxyFromEnvironment) {
    return config.proxyUrl === "" || isExempt(url, config.noProxy) ? "" : config.proxyUrl;
  }
  const either = (name: string) => env(name.toUpperCase()) || env(name) || "";
  const proxy = either(url.protocol === "https:" ? "https_proxy" : "http_proxy");
  // As in Go, requests to the own machine never take the proxy of the environment.
  if (proxy === "" || isLoopback(url.hostname) || isExempt(url, either("no_proxy"))) return "";
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}

/**
 * Whether a host is named in a `no_proxy` list: `*`, `example.com` (with its subdomains), `.example.com` (subdomains
 * only), addresses, address ranges such as `10.0.0.0/8`, each but the ranges with an optional port.
 */
export function isExempt(url: URL, list: string): boolean {
  const host = bare(url.hostname);
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return list.split(",").some((entry) => {
    let name = entry.trim().toLowerCase();
    if (name === "") return false;
    if (name === "*") return true;
    if (name.includes("/")) return isInRange(host, name);
    const withPort = /^(.*[^:]|\[.*\]):(\d+)$/.exec(name);
    if (withPort !== null && (withPort[1].startsWith("[") || !withPort[1].includes(":"))) {
      if (withPort[2] !== port) return false;
      name = withPort[1];
    }
    name = bare(name).replace(/^\*\./, ".");
    return name.startsWith(".") ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
  });
}

function bare(host: string): string {
  return host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
}

function isLoopback(hostname: string): boolean {
  const host = bare(hostname);
  return host === "localhost" || host === "::1" || (/^127(\.\d+){3}$/.test(host));
}

function isInRange(host: string, range: string): boolean {
  const [base, length] = range.split("/");
  const bits = Number(length);
  const a = addressBits(host), b = addressBits(base);
  if (a === undefined || b === undefined || a.width !== b.width || !(bits >= 0 && bits <= a.width)) {
    return false;
  }
  const shift = BigInt(a.width - bits);
  return a.value >> shift === b.value >> shift;
}

/** An IP address as a number. */
function addressBits(text: string): { value: bigint; width: number } | undefined {
  if (/^\d+(\.\d+){3}$/.test(text)) {
    const parts = text.split(".").map(Number);
    if (parts.some((part) => part > 255)) return undefined;
    return { value: parts.reduce((value, part) => value << 8n | BigInt(part), 0n), width: 32 };
  }
  if (!text.includes(":") || !URL.canParse(`http://[${text}]/`)) return undefined;
  const [head, tail] = bare(new URL(`http://[${text}]/`).hostname).split("::");
  const words = (part: string | undefined) => part === undefined || part === "" ? [] : part.split(":");
  const before = words(head), after = words(tail);
  const middle = new Array(8 - before.length - after.length).fill("0");
  const value = [...before, ...middle, ...after].reduce(
    (sum, word) => sum << 16n | BigInt(parseInt(word, 16)),
    0n,
  );
  return { value, width: 128 };
}
