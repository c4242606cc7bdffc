import {
  bool,
  duration,
  FieldError,
  int,
  list,
  map,
  parseGoUrl,
  path,
  secret,
  string,
  url,
} from "../field.ts";
import { atMostOne, checkHttpClient, httpClientFields } from "../http_client_config.ts";
import { type Report, section } from "../section.ts";

/** Mechanisms that read files, DNS, HTTP endpoints or service registries. */

const always = { printed: "always" } as const;

/** Reports a URL without http(s) scheme or host. */
export function checkHttpUrl(text: string, report: Report): boolean {
  const fix = "give a full URL such as http://example.com/targets";
  if (text === "") {
    report("url", "URL is missing", fix);
    return false;
  }
  const { scheme, host } = parseGoUrl(text);
  if (scheme !== "http" && scheme !== "https") report("url", "URL scheme must be 'http' or 'https'", fix);
  else if (host === "") report("url", "host is missing in URL", fix);
  else return true;
  return false;
}

const FILE_PATTERN = /^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$/;

const filePattern = {
  ...path(),
  schema: string({
    check(name) {
      if (FILE_PATTERN.test(name)) return;
      throw new FieldError(`path name ${JSON.stringify(name)} is not valid for file discovery`, {
        expected: "a path that ends in .json, .yml or .yaml, with * only in its last part",
        fix: "rename the file, or move the * to the last part of the path",
      });
    },
  }).schema,
};

export const file = section("file.SDConfig", {
  files: list(filePattern, always),
  refresh_interval: duration({ initial: 5 * 60_000 }),
}, (config, report) => {
  if (config.files.length > 0) return;
  report("files", "file service discovery config must contain at least one path name", "list a file");
});

export const http = section("http.SDConfig", {
  ...httpClientFields(),
  refresh_interval: duration({ initial: 60_000 }),
  url: url(always),
}, (config, report) => {
  if (checkHttpUrl(config.url, report)) checkHttpClient(config, report);
});

export const dns = section("dns.SDConfig", {
  names: list(string(), always),
  refresh_interval: duration({ initial: 30_000 }),
  type: string({ initial: "SRV", printed: "always" }),
  port: int(always),
}, (config, report) => {
  if (config.names.length === 0) {
    report("names", "DNS-SD config must contain at least one SRV record name", "list a name");
  }
  const type = config.type.toUpperCase();
  if (type === "SRV") return;
  if (!["A", "AAAA", "MX", "NS"].includes(type)) {
    report("type", `invalid DNS-SD records type ${config.type}`, "use SRV, A, AAAA, MX or NS");
  } else if (config.port === 0) {
    const reason = "a port is required in DNS-SD configs for all record types except SRV";
    report("port", reason, "add the port to scrape");
  }
});

export const consul = section("consul.SDConfig", {
  server: string({ initial: "localhost:8500" }),
  path_prefix: string(),
  token: secret(),
  datacenter: string(),
  namespace: string(),
  partition: string(),
  tag_separator: string({ initial: "," }),
  scheme: string({ initial: "http" }),
  username: string(),
  password: secret(),
  allow_stale: bool({ initial: true, printed: "always" }),
  refresh_interval: duration({ initial: 30_000 }),
  services: list(string()),
  tags: list(string()),
  node_meta: map(string()),
  filter: string(),
  health_filter: string(),
  ...httpClientFields(),
}, (config, report) => {
  if (config.server.trim() === "") {
    report(
      "server",
      "consul SD configuration requires a server address",
      "add server, such as localhost:8500",
    );
  }
  if ((config.username !== "" || !config.password.isEmpty) && config.basicAuth !== undefined) {
    const reason =
      "at most one of consul SD configuration username and password and basic auth can be configured";
    return report("basic_auth", reason, "keep basic_auth");
  }
  if (!config.token.isEmpty && (config.authorization !== undefined || config.oauth2 !== undefined)) {
    const reason = "at most one of consul SD token, authorization, or oauth2 can be configured";
    return report("token", reason, "keep one of them");
  }
  checkHttpClient(config, report);
});

export const nomad = section("nomad.SDConfig", {
  allow_stale: bool({ initial: true, printed: "always" }),
  ...httpClientFields(),
  namespace: string({ initial: "default", printed: "always" }),
  refresh_interval: duration({ initial: 60_000, printed: "always" }),
  region: string({ initial: "global", printed: "always" }),
  server: string({ initial: "http://localhost:4646", printed: "always" }),
  tag_separator: string({ initial: "," }),
}, (config, report) => {
  if (config.server.trim() === "") {
    report(
      "server",
      "nomad SD configuration requires a server address",
      "add server, such as http://localhost:4646",
    );
  }
  checkHttpClient(config, report);
});

export const eureka = section("eureka.SDConfig", {
  server: url(),
  ...httpClientFields(),
  refresh_interval: duration({ initial: 30_000 }),
}, (config, report) => {
  const fix = "give a URL such as http://eureka.example.com:8761/eureka";
  const { scheme, host } = parseGoUrl(config.server);
  if (config.server === "") report("server", "eureka_sd: empty or null eureka server", fix);
  else if (scheme === "" || host === "") report("server", "eureka_sd: invalid eureka server URL", fix);
  else checkHttpClient(config, report);
});

export const kuma = section("xds.KumaSDConfig", {
  ...httpClientFields(),
  refresh_interval: duration({ initial: 15_000 }),
  fetch_timeout: duration({ initial: 120_000 }),
  server: url(),
  client_id: string(),
}, (config, report) => {
  const fix = "give a URL such as http://kuma-control-plane:5676";
  const { scheme, host } = parseGoUrl(config.server);
  if (config.server === "") report("server", "kuma SD server must not be empty: ", fix);
  else if (scheme === "" || host === "") {
    report("server", `kuma SD server must not be empty and have a scheme: ${config.server}`, fix);
  } else checkHttpClient(config, report);
});

export const marathon = section("marathon.SDConfig", {
  servers: list(string()),
  refresh_interval: duration({ initial: 30_000 }),
  auth_token: secret(),
  auth_token_file: path(),
  ...httpClientFields(),
}, (config, report) => {
  if (config.servers.length === 0) {
    report("servers", "marathon_sd: must contain at least one Marathon server", "list a server");
  }
  const token = { auth_token: !config.authToken.isEmpty, auth_token_file: config.authTokenFile !== "" };
  atMostOne(report, token, "marathon_sd: at most one of auth_token & auth_token_file must be configured");
  if (token.auth_token || token.auth_token_file) {
    const fix = "keep one of them";
    const atMost = (keys: string) => `marathon_sd: at most one of ${keys} must be configured`;
    if (config.basicAuth !== undefined) {
      return report("basic_auth", atMost("basic_auth, auth_token & auth_token_file"), fix);
    }
    if (!config.bearerToken.isEmpty || config.bearerTokenFile !== "") {
      return report(
        "bearer_token",
        atMost("bearer_token, bearer_token_file, auth_token & auth_token_file"),
        fix,
      );
    }
    if (config.authorization !== undefined) {
      return report("authorization", atMost("auth_token, auth_token_file & authorization"), fix);
    }
  }
  checkHttpClient(config, report);
});

const zookeeper = (name: string) =>
  section(`zookeeper.${name}SDConfig`, {
    servers: list(string(), always),
    paths: list(string(), always),
    timeout: duration({ initial: 10_000 }),
  }, (config, report) => {
    const kind = name.toLowerCase();
    if (config.servers.length === 0) {
      report("servers", `${kind} SD config must contain at least one Zookeeper server`, "list a server");
    }
    if (config.paths.length === 0) {
      report("paths", `${kind} SD config must contain at least one path`, "list a path");
    }
    const relative = config.paths.findIndex((entry) => !entry.startsWith("/"));
    if (relative >= 0) {
      const reason = `${kind} SD config paths must begin with '/': ${config.paths[relative]}`;
      report(["paths", relative], reason, "start it with /");
    }
  });

export const serverset = zookeeper("Serverset");
export const nerve = zookeeper("Nerve");
