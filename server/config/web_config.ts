import { posix } from "node:path";
import { bool, duration, int, list, map, oneOf, path, secret, string } from "./field.ts";
import { optional, type Report, section } from "./section.ts";
import { YamlDocument } from "./yaml_document.ts";

/** The `--web.config.file`: TLS, users and headers of the server itself. */

const tlsVersion = (initial: "TLS12" | "TLS13") =>
  oneOf(["TLS10", "TLS11", "TLS12", "TLS13"], (found) => `unknown TLS version: ${found}`, { initial });

const CLIENT_AUTH = [
  "",
  "NoClientCert",
  "RequestClientCert",
  "RequireClientCert",
  "RequireAnyClientCert",
  "VerifyClientCertIfGiven",
  "RequireAndVerifyClientCert",
] as const;

const tlsServer = section("web.TLSConfig", {
  cert: string(),
  cert_file: path(),
  key: secret(),
  key_file: path(),
  client_ca: string(),
  client_ca_file: path(),
  client_auth_type: oneOf(CLIENT_AUTH, (found) => `invalid ClientAuth: ${found}`),
  client_allowed_sans: list(string()),
  min_version: tlsVersion("TLS12"),
  max_version: tlsVersion("TLS13"),
  cipher_suites: list(string()),
  prefer_server_cipher_suites: bool({ initial: true }),
  curve_preferences: list(oneOf(
    ["CurveP256", "CurveP384", "CurveP521", "X25519", "X25519MLKEM768"],
    (found) => `unknown curve: ${found}`,
  )),
}, (tls, report) => {
  exactlyOne({ cert: tls.cert !== "", cert_file: tls.certFile !== "" }, report);
  exactlyOne({ key: !tls.key.isEmpty, key_file: tls.keyFile !== "" }, report);
  const hasClientCa = tls.clientCa !== "" || tls.clientCaFile !== "";
  if (tls.clientCa !== "" && tls.clientCaFile !== "") {
    report("client_ca", "at most one of client_ca and client_ca_file is allowed", "keep one of the two");
  }
  if (hasClientCa && (tls.clientAuthType === "" || tls.clientAuthType === "NoClientCert")) {
    report(
      "client_auth_type",
      "Client CA's have been configured without a Client Auth Policy",
      "set client_auth_type",
    );
  }
  if (tls.maxVersion < tls.minVersion) {
    report("max_version", "max_version must be greater than or equal to min_version", "raise it");
  }
});

function exactlyOne(keys: Readonly<Record<string, boolean>>, report: Report): void {
  const names = Object.keys(keys), set = names.filter((name) => keys[name]);
  if (set.length === 0) report(names[1], `missing one of ${names.join(" or ")}`, `add ${names[1]}`);
  if (set.length > 1) {
    report(names[1], `at most one of ${names.join(" and ")} is allowed`, "keep one of the two");
  }
}

/** The headers that may be set, with the values allowed where they are few. */
const HEADERS: ReadonlyMap<string, readonly string[] | undefined> = new Map([
  ["Content-Security-Policy", undefined],
  ["X-Frame-Options", ["deny", "sameorigin"]],
  ["X-Content-Type-Options", ["nosniff"]],
  ["X-XSS-Protection", undefined],
  ["Strict-Transport-Security", undefined],
]);

const httpServer = section(
  "web.HTTPConfig",
  { http2: bool({ initial: true }), headers: map(string()) },
  (http, report) => {
    for (const [name, value] of Object.entries(http.headers)) {
      if (!HEADERS.has(name)) {
        const fix = `use ${[...HEADERS.keys()].join(", ")}`;
        report(["headers", name], `HTTP header ${JSON.stringify(name)} can not be configured`, fix);
      }
      const allowed = HEADERS.get(name);
      if (allowed !== undefined && value !== "" && !allowed.includes(value)) {
        const reason = `invalid value for ${name}. Expected one of: ${JSON.stringify(allowed)}, but got: ${
          JSON.stringify(value)
        }`;
        report(["headers", name], reason, "use one of these values");
      }
    }
  },
);

const webSection = section("web.Config", {
  tls_server_config: optional(tlsServer),
  http_server_config: optional(httpServer),
  basic_auth_users: map(secret()),
  rate_limit: optional(section("web.RateLimiterConfig", { interval: duration(), burst: int() })),
}, (web, report) => {
  for (const [user, hash] of Object.entries(web.basicAuthUsers)) {
    if (/^\$2[abxy]?\$[0-9]{2}\$[./A-Za-z0-9]{53}$/.test(hash.reveal())) continue;
    report(
      ["basic_auth_users", user],
      `the password of user ${JSON.stringify(user)} is not a bcrypt hash`,
      'hash it: htpasswd -nBC 10 ""',
    );
  }
});

/** TLS, users, headers and rate limit of the server; paths resolved against the file's directory. */
export type WebConfig = typeof webSection.initial;

/**
 * Reads a web config file; an empty one sets nothing.
 * @throws {ConfigError} If it is not valid.
 */
export function parseWebConfig(file: string, text: string): WebConfig {
  const document = new YamlDocument(file, text);
  if (document.root === null) return webSection.initial;
  return webSection.located(document.parse(webSection.schema), posix.dirname(file));
}
