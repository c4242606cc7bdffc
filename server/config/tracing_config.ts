import { bool, duration, float, map, oneOf, string } from "./field.ts";
import { tlsConfig } from "./http_client_config.ts";
import { checkHeaders } from "./remote_config.ts";
import { nested, section } from "./section.ts";

const clientType = oneOf(
  ["http", "grpc"],
  (found) => `expected tracing client type to be to be http or grpc, but got ${found}`,
  { initial: "grpc" },
);

export const tracingSection = section("config.TracingConfig", {
  client_type: clientType,
  endpoint: string(),
  sampling_fraction: float(),
  insecure: bool(),
  tls_config: nested(tlsConfig),
  headers: map(string()),
  compression: oneOf(
    ["", "gzip"],
    (found) => `invalid compression type ${found} provided, valid options: gzip`,
  ),
  timeout: duration(),
}, (config, report) => {
  checkHeaders(config.headers, report, "custom authorization header configuration is not yet supported");
  if (config.endpoint === "") report("endpoint", "tracing endpoint must be set", "add endpoint");
});
/** Where traces are sent; without an endpoint nowhere. */
export type TracingConfig = typeof tracingSection.initial;
