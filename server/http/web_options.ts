import { hostname } from "node:os";
import type { Flags } from "../config/flags.ts";
import type { WebOptions } from "./deps.ts";
import { parseListenAddress } from "./listen_address.ts";

/** The flags that tell how the web server is reached and what it may do. */
export type WebFlags = Pick<
  Flags,
  | "webListenAddress"
  | "webExternalUrl"
  | "webRoutePrefix"
  | "webPageTitle"
  | "webCorsOrigin"
  | "webEnableLifecycle"
  | "webEnableAdminApi"
  | "webReadTimeoutMs"
>;

/** @throws {RangeError} If a listen address or the external URL cannot be read. */
export function webOptions(flags: WebFlags): WebOptions {
  const externalUrl = externalUrlOf(flags);
  return {
    listenAddresses: flags.webListenAddress,
    externalUrl,
    routePrefix: prefixOf(flags.webRoutePrefix === "" ? externalUrl.pathname : flags.webRoutePrefix),
    pageTitle: flags.webPageTitle,
    corsOrigin: flags.webCorsOrigin,
    isLifecycleEnabled: flags.webEnableLifecycle,
    isAdminEnabled: flags.webEnableAdminApi,
    readTimeoutMs: flags.webReadTimeoutMs,
  };
}

/** This host's name and the first port, where no URL is given. */
function externalUrlOf({ webExternalUrl: given, webListenAddress: [first] }: WebFlags): URL {
  const text = given === "" ? `http://${hostname()}:${parseListenAddress(first).port}/` : given;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new RangeError(
      `Cannot use ${JSON.stringify(given)} as external URL: expected http:// or https:// with a host, ` +
        "for example https://example.org/prometheus",
    );
  }
  url.pathname = prefixOf(url.pathname);
  return url;
}

/** `/a/b`, or "" for the root. */
function prefixOf(path: string): string {
  const parts = path.replace(/^\/+|\/+$/g, "");
  return parts === "" ? "" : `/${parts}`;
}
