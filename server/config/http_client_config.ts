import { z } from "zod";
import { bool, type Field, list, map, oneOf, path, secret, string, url } from "./field.ts";
import { Secret } from "./secret.ts";
import { camelCase, nested, optional, type Read, type Report, section, type Shape } from "./section.ts";
import { PlainScalar } from "./yaml_scalar.ts";

/** Headers that the client sets itself, or that other keys set. */
const RESERVED_HEADERS = new Set([
  "Authorization",
  "Host",
  "Content-Encoding",
  "Content-Length",
  "Content-Type",
  "User-Agent",
  "Connection",
  "Keep-Alive",
  "Proxy-Authenticate",
  "Proxy-Authorization",
  "Www-Authenticate",
  "Accept-Encoding",
  "X-Prometheus-Remote-Write-Version",
  "X-Prometheus-Remote-Read-Version",
  "X-Prometheus-Scrape-Timeout-Seconds",
  "X-Amz-Date",
  "X-Amz-Security-Token",
  "X-Amz-Content-Sha256",
]);

const ONE_OF_FIX = "keep one of them and remove the others";

/** Reports `reason` if more than one of `values` is set. */
export function atMostOne(report: Report, values: Readonly<Record<string, boolean>>, reason: string): void {
  const set = Object.keys(values).filter((key) => values[key]);
  if (set.length > 1) report(set[1], reason, ONE_OF_FIX);
}

const tlsVersion = () =>
  oneOf(["TLS10", "TLS11", "TLS12", "TLS13"], (found) => `unknown TLS version: ${found}`);

export const tlsConfig = section("config.TLSConfig", {
  ca: string(),
  cert: string(),
  key: secret(),
  ca_file: path(),
  cert_file: path(),
  key_file: path(),
  ca_ref: string(),
  cert_ref: string(),
  key_ref: string(),
  server_name: string(),
  insecure_skip_verify: bool({ printed: "always" }),
  min_version: tlsVersion(),
  max_version: tlsVersion(),
}, (tls, report) => {
  const ca = { ca: tls.ca !== "", ca_file: tls.caFile !== "", ca_ref: tls.caRef !== "" };
  const cert = { cert: tls.cert !== "", cert_file: tls.certFile !== "", cert_ref: tls.certRef !== "" };
  const key = { key: !tls.key.isEmpty, key_file: tls.keyFile !== "", key_ref: tls.keyRef !== "" };
  atMostOne(report, ca, "at most one of ca, ca_file & ca_ref must be configured");
  atMostOne(report, cert, "at most one of cert, cert_file & cert_ref must be configured");
  atMostOne(report, key, "at most one of key and key_file must be configured");
  const hasCert = Object.values(cert).includes(true), hasKey = Object.values(key).includes(true);
  if (hasCert && !hasKey) {
    const reason =
      "exactly one of key or key_file must be configured when a client certificate is configured";
    report([], reason, "add key_file");
  } else if (hasKey && !hasCert) {
    const reason = "exactly one of cert or cert_file must be configured when a client key is configured";
    report([], reason, "add cert_file");
  }
  if (tls.minVersion !== "" && tls.maxVersion !== "" && tls.maxVersion < tls.minVersion) {
    report(
      "max_version",
      "max_version must be greater than or equal to min_version",
      "raise max_version or lower min_version",
    );
  }
});

const proxyFields = {
  proxy_url: url(),
  no_proxy: string(),
  proxy_from_environment: bool(),
  proxy_connect_header: map(list(secret())),
} satisfies Shape;

function checkProxy(proxy: Read<typeof proxyFields>, report: Report): void {
  const hasUrl = proxy.proxyUrl !== "";
  if (Object.keys(proxy.proxyConnectHeader).length > 0 && !proxy.proxyFromEnvironment && !hasUrl) {
    const reason =
      "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured";
    report("proxy_connect_header", reason, "add proxy_url");
  } else if (proxy.proxyFromEnvironment && hasUrl) {
    report(
      "proxy_url",
      "if proxy_from_environment is configured, proxy_url must not be configured",
      ONE_OF_FIX,
    );
  } else if (proxy.proxyFromEnvironment && proxy.noProxy !== "") {
    report(
      "no_proxy",
      "if proxy_from_environment is configured, no_proxy must not be configured",
      ONE_OF_FIX,
    );
  } else if (!hasUrl && proxy.noProxy !== "") {
    report(
      "no_proxy",
      "if no_proxy is configured, proxy_url must also be configured",
      "add proxy_url or remove no_proxy",
    );
  }
}

const basicAuth = section("config.BasicAuth", {
  username: string(),
  username_file: path(),
  username_ref: string(),
  password: secret(),
  password_file: path(),
  password_ref: string(),
}, (auth, report) => {
  atMostOne(
    report,
    {
      username: auth.username !== "",
      username_file: auth.usernameFile !== "",
      username_ref: auth.usernameRef !== "",
    },
    "at most one of basic_auth username, username_file & username_ref must be configured",
  );
  atMostOne(
    report,
    {
      password: !auth.password.isEmpty,
      password_file: auth.passwordFile !== "",
      password_ref: auth.passwordRef !== "",
    },
    "at most one of basic_auth password, password_file & password_ref must be configured",
  );
});

const authorization = section("config.Authorization", {
  type: string(),
  credentials: secret(),
  credentials_file: path(),
  credentials_ref: string(),
}, (auth, report) => {
  atMostOne(
    report,
    {
      credentials: !auth.credentials.isEmpty,
      credentials_file: auth.credentialsFile !== "",
      credentials_ref: auth.credentialsRef !== "",
    },
    "at most one of authorization credentials & credentials_file must be configured",
  );
  auth.type = auth.type.trim() || "Bearer";
  if (auth.type.toLowerCase() === "basic") {
    report("type", `authorization type cannot be set to "basic", use "basic_auth" instead`, "use basic_auth");
  }
});

/** Free values of JWT claims: scalars, lists and mappings as they stand. */
const claim: Pick<Field<unknown>, "schema" | "print"> = {
  schema: z.unknown().transform(plainValue),
  print: (value) => value,
};

function plainValue(value: unknown): unknown {
  if (value instanceof PlainScalar) return value.value;
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plainValue(entry)]));
}

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

const oauth2 = section("config.OAuth2", {
  client_id: string(),
  client_secret: secret(),
  client_secret_file: path(),
  client_secret_ref: string(),
  client_certificate_key_id: string(),
  client_certificate_key: secret(),
  client_certificate_key_file: path(),
  client_certificate_key_ref: string(),
  grant_type: string(),
  signature_algorithm: string(),
  iss: string(),
  audience: string(),
  claims: map(claim),
  scopes: list(string()),
  token_url: string(),
  endpoint_params: map(string()),
  tls_config: nested(tlsConfig),
  ...proxyFields,
}, (oauth, report) => {
  if (oauth.clientId === "") report("client_id", "oauth2 client_id must be configured", "add client_id");
  if (oauth.tokenUrl === "") report("token_url", "oauth2 token_url must be configured", "add token_url");
  if (oauth.grantType === JWT_BEARER) {
    atMostOne(
      report,
      {
        client_certificate_key: !oauth.clientCertificateKey.isEmpty,
        client_certificate_key_file: oauth.clientCertificateKeyFile !== "",
        client_certificate_key_ref: oauth.clientCertificateKeyRef !== "",
      },
      "at most one of oauth2 client_certificate_key, client_certificate_key_file & client_certificate_key_ref must be " +
        `configured using grant-type=${JWT_BEARER}`,
    );
    if (!["", "RS256", "RS384", "RS512"].includes(oauth.signatureAlgorithm)) {
      report(
        "signature_algorithm",
        "valid signature algorithms are RS256, RS384 and RS512",
        "use one of them",
      );
    }
  } else {
    atMostOne(
      report,
      {
        client_secret: !oauth.clientSecret.isEmpty,
        client_secret_file: oauth.clientSecretFile !== "",
        client_secret_ref: oauth.clientSecretRef !== "",
      },
      "at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be configured using " +
        "grant-type=client_credentials",
    );
  }
  checkProxy(oauth, report);
});

const header = section("config.Header", {
  values: list(string()),
  secrets: list(secret()),
  files: list(path()),
});

/** `Content-type` → `Content-Type` */
function canonicalHeader(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

const httpHeaders = map(nested(header), (name) => {
  const canonical = canonicalHeader(name);
  return RESERVED_HEADERS.has(canonical)
    ? `setting header ${JSON.stringify(canonical)} is not allowed`
    : undefined;
});

/**
 * The keys of an HTTP client that stand directly in a scrape config, an Alertmanager, a remote endpoint or a
 * discovery section.
 * @param enableHttp2 The default of `enable_http2`.
 */
export function httpClientFields(enableHttp2 = true) {
  return {
    basic_auth: optional(basicAuth),
    authorization: optional(authorization),
    oauth2: optional(oauth2),
    bearer_token: secret(),
    bearer_token_file: path(),
    tls_config: nested(tlsConfig),
    follow_redirects: bool({ initial: true, printed: "always" }),
    enable_http2: bool({ initial: enableHttp2, printed: "always" }),
    ...proxyFields,
    http_headers: httpHeaders,
  } satisfies Shape;
}

/** How to make HTTP requests: credentials, TLS, proxy, headers. Relative paths are resolved. */
export type HttpClientConfig = Read<ReturnType<typeof httpClientFields>>;

const HTTP_CLIENT_KEYS = Object.keys(httpClientFields()).map(camelCase) as (keyof HttpClientConfig)[];

/** The HTTP client keys alone, of a section that has them among others. */
export function httpClientOf(from: HttpClientConfig): HttpClientConfig {
  return Object.fromEntries(HTTP_CLIENT_KEYS.map((key) => [key, from[key]])) as HttpClientConfig;
}

/** The rules between the keys of an HTTP client; rewrites the old `bearer_token` keys to `authorization`. */
export function checkHttpClient(http: HttpClientConfig, report: Report): void {
  const bearer = { bearer_token: !http.bearerToken.isEmpty, bearer_token_file: http.bearerTokenFile !== "" };
  const hasBearer = bearer.bearer_token || bearer.bearer_token_file;
  const auth = {
    basic_auth: http.basicAuth !== undefined,
    oauth2: http.oauth2 !== undefined,
    authorization: http.authorization !== undefined,
  };
  if (bearer.bearer_token && bearer.bearer_token_file) {
    return atMostOne(report, bearer, "at most one of bearer_token & bearer_token_file must be configured");
  }
  if (hasBearer && (auth.basic_auth || auth.oauth2)) {
    const reason = "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured";
    return atMostOne(report, { basic_auth: auth.basic_auth, oauth2: auth.oauth2, ...bearer }, reason);
  }
  if (hasBearer && auth.authorization) {
    return report(
      "authorization",
      "authorization is not compatible with bearer_token & bearer_token_file",
      ONE_OF_FIX,
    );
  }
  atMostOne(report, auth, "at most one of basic_auth, oauth2 & authorization must be configured");
  if (hasBearer) {
    http.authorization = {
      ...authorization.zero,
      type: "Bearer",
      credentials: http.bearerToken,
      credentialsFile: http.bearerTokenFile,
    };
    http.bearerToken = Secret.none;
    http.bearerTokenFile = "";
  }
  checkProxy(http, report);
}

/** An HTTP client configuration as a document of its own. */
export const httpClientSection = section("config.HTTPClientConfig", httpClientFields(), checkHttpClient);
