import { quote } from "../../../engine/labels/labels.ts";
import { bool, duration, int, list, oneOf, parseGoUrl, path, secret, string, url } from "../field.ts";
import { atMostOne, checkHttpClient, httpClientFields, tlsConfig } from "../http_client_config.ts";
import { nested, type Report, section, type Shape } from "../section.ts";
import { filters } from "./aws.ts";
import { checkHttpUrl } from "./network.ts";

/** Mechanisms that ask the API of a container host, a cloud or an inventory. */

const always = { printed: "always" } as const;
const required = (key: string, value: string, reason: string, report: Report) => {
  if (value === "") report(key, reason, `add ${key}`);
};

/** How often to ask, and the port of the targets found. */
const polling = {
  refresh_interval: duration({ initial: 60_000, printed: "always" }),
  port: int({ initial: 80, printed: "always" }),
} satisfies Shape;

/** `secret_key` or `secret_key_file`. */
function checkSecretKey(
  config: { readonly secretKey: { readonly isEmpty: boolean }; readonly secretKeyFile: string },
  report: Report,
): void {
  const keys = { secret_key: !config.secretKey.isEmpty, secret_key_file: config.secretKeyFile !== "" };
  if (!keys.secret_key && !keys.secret_key_file) {
    report("secret_key", "one of secret_key & secret_key_file must be configured", "add secret_key_file");
  }
  atMostOne(report, keys, "at most one of secret_key & secret_key_file must be configured");
}

const AZURE_METHODS = ["OAuth", "ManagedIdentity", "SDK", "WorkloadIdentity"];

export const azure = section("azure.SDConfig", {
  environment: string({ initial: "AzurePublicCloud" }),
  port: polling.port,
  subscription_id: string(always),
  tenant_id: string(),
  client_id: string(),
  client_secret: secret(),
  refresh_interval: duration({ initial: 300_000 }),
  authentication_method: string({ initial: "OAuth" }),
  resource_group: string(),
  ...httpClientFields(),
}, (config, report) => {
  const needs = (key: string, isSet: boolean) => {
    if (!isSet) report(key, `azure SD configuration requires a ${key}`, `add ${key}`);
  };
  needs("subscription_id", config.subscriptionId !== "");
  if (config.authenticationMethod === "OAuth") {
    needs("tenant_id", config.tenantId !== "");
    needs("client_id", config.clientId !== "");
    needs("client_secret", !config.clientSecret.isEmpty);
  } else if (!AZURE_METHODS.includes(config.authenticationMethod)) {
    const reason = `unknown authentication_type ${quote(config.authenticationMethod)}. ` +
      `Supported types are "OAuth", "ManagedIdentity", "SDK" or "WorkloadIdentity"`;
    report("authentication_method", reason, "use one of these types");
  }
  checkHttpClient(config, report);
});

export const digitalocean = section("digitalocean.SDConfig", {
  ...httpClientFields(),
  ...polling,
  role: oneOf(["droplets", "databases"], (found) => `unknown DigitalOcean SD role ${quote(found)}`, {
    initial: "droplets",
    printed: "always",
  }),
}, (config, report) => {
  required("role", config.role, "role missing (one of: droplets, databases)", report);
  checkHttpClient(config, report);
});

const dockerFields = { host: url(always), port: polling.port, filters: filters() } satisfies Shape;

export const docker = section("moby.DockerSDConfig", {
  ...httpClientFields(),
  ...dockerFields,
  host_networking_host: string({ initial: "localhost", printed: "always" }),
  refresh_interval: polling.refresh_interval,
  match_first_network: bool({ initial: true, printed: "always" }),
}, (config, report) => {
  required("host", config.host, "host missing", report);
  checkHttpClient(config, report);
});

export const dockerswarm = section("moby.DockerSwarmSDConfig", {
  ...httpClientFields(),
  ...dockerFields,
  role: oneOf(
    ["services", "nodes", "tasks"],
    (found) => `invalid role ${found}, expected tasks, services, or nodes`,
    always,
  ),
  refresh_interval: polling.refresh_interval,
}, (config, report) => {
  required("host", config.host, "host missing", report);
  required("role", config.role, "role missing (one of: tasks, services, nodes)", report);
  checkHttpClient(config, report);
});

export const gce = section("gce.SDConfig", {
  project: string(always),
  zone: string(always),
  filter: string(),
  refresh_interval: duration({ initial: 60_000 }),
  port: polling.port,
  tag_separator: string({ initial: "," }),
}, (config, report) => {
  required("project", config.project, "GCE SD configuration requires a project", report);
  required("zone", config.zone, "GCE SD configuration requires a zone", report);
});

export const hetzner = section("hetzner.SDConfig", {
  ...httpClientFields(),
  ...polling,
  role: oneOf(["robot", "hcloud"], (found) => `unknown role ${quote(found)}`, always),
  label_selector: string(),
}, (config, report) => {
  required("role", config.role, "role missing (one of: robot, hcloud)", report);
  checkHttpClient(config, report);
});

export const ionos = section("ionos.SDConfig", {
  datacenter_id: string(always),
  ...httpClientFields(),
  ...polling,
}, (config, report) => {
  required("datacenter_id", config.datacenterId, "datacenter id can't be empty", report);
  checkHttpClient(config, report);
});

export const linode = section("linode.SDConfig", {
  ...httpClientFields(),
  ...polling,
  tag_separator: string({ initial: "," }),
  region: string(),
}, checkHttpClient);

export const oci = section("oci.SDConfig", {
  auth: string({ initial: "api_key" }),
  tenancy: string(),
  user: string(),
  fingerprint: string(),
  key_file: path(),
  key_passphrase: secret(),
  key_passphrase_file: path(),
  region: string(always),
  compartments: list(string()),
  ...httpClientFields(),
  ...polling,
}, (config, report) => {
  required("region", config.region, "oci_sd: region is required", report);
  const { tenancy, user, fingerprint, keyFile, keyPassphraseFile } = config;
  const passphrase = {
    key_passphrase: !config.keyPassphrase.isEmpty,
    key_passphrase_file: keyPassphraseFile !== "",
  };
  if (config.auth === "api_key") {
    for (const [key, value] of Object.entries({ tenancy, user, fingerprint, key_file: keyFile })) {
      required(key, value, `oci_sd: api_key auth requires ${key}`, report);
    }
    const reason = "oci_sd: at most one of key_passphrase and key_passphrase_file must be configured";
    atMostOne(report, passphrase, reason);
  } else if (config.auth === "instance_principal") {
    const texts = [tenancy, user, fingerprint, keyFile];
    if (texts.some((text) => text !== "") || Object.values(passphrase).includes(true)) {
      const reason = "oci_sd: instance_principal auth must not have tenancy, user, fingerprint, key_file, " +
        "key_passphrase, or key_passphrase_file set";
      report("auth", reason, "remove these keys");
    }
  } else {
    const reason = `oci_sd: unknown auth method ${
      quote(config.auth)
    }, expected "api_key" or "instance_principal"`;
    report("auth", reason, "use one of these methods");
  }
  const empty = config.compartments.indexOf("");
  if (empty >= 0) {
    report(
      ["compartments", empty],
      `oci_sd: compartments[${empty}] must not be empty`,
      "remove the empty item",
    );
  }
  if (config.refreshIntervalMs <= 0) {
    report(
      "refresh_interval",
      "oci_sd: refresh_interval must be positive, got 0s",
      "give a duration above 0",
    );
  }
  checkHttpClient(config, report);
});

export const openstack = section("openstack.SDConfig", {
  identity_endpoint: string(always),
  username: string(always),
  userid: string(always),
  password: secret(always),
  project_name: string(always),
  project_id: string(always),
  domain_name: string(always),
  domain_id: string(always),
  application_credential_name: string(always),
  application_credential_id: string(always),
  application_credential_secret: secret(always),
  role: oneOf(
    ["hypervisor", "instance", "loadbalancer"],
    (found) => `unknown OpenStack SD role ${quote(found)}`,
    always,
  ),
  region: string(always),
  ...polling,
  all_tenants: bool(),
  tls_config: nested(tlsConfig),
  availability: oneOf(
    ["public", "internal", "admin"],
    (found) => `unknown availability ${found}, must be one of admin, internal or public`,
    { initial: "public" },
  ),
}, (config, report) => {
  required("role", config.role, "role missing (one of: instance, hypervisor, loadbalancer)", report);
  required("region", config.region, "openstack SD configuration requires a region", report);
});

export const outscale = section("outscale.SDConfig", {
  endpoint: string(),
  region: string({ initial: "eu-west-2", printed: "always" }),
  access_key: string(always),
  secret_key: secret(always),
  secret_key_file: path(always),
  refresh_interval: duration({ initial: 60_000 }),
  port: polling.port,
  ...httpClientFields(),
}, (config, report) => {
  required("region", config.region, "outscale SD configuration requires a region", report);
  required("access_key", config.accessKey, "outscale SD configuration requires access_key", report);
  checkSecretKey(config, report);
  config.endpoint ||= `https://api.${config.region}.outscale.com/api/v1`;
  checkHttpClient(config, report);
});

export const ovhcloud = section("ovhcloud.SDConfig", {
  endpoint: string({ initial: "ovh-eu", printed: "always" }),
  application_key: string(always),
  application_secret: secret(always),
  consumer_key: secret(always),
  refresh_interval: polling.refresh_interval,
  service: oneOf(["dedicated_server", "vps"], (found) => `unknown service: ${found}`, always),
}, (config, report) => {
  required("endpoint", config.endpoint, "endpoint can not be empty", report);
  required("application_key", config.applicationKey, "application key can not be empty", report);
  if (config.applicationSecret.isEmpty) {
    report("application_secret", "application secret can not be empty", "add application_secret");
  }
  if (config.consumerKey.isEmpty) report("consumer_key", "consumer key can not be empty", "add consumer_key");
  required("service", config.service, "unknown service: ", report);
});

export const puppetdb = section("puppetdb.SDConfig", {
  ...httpClientFields(),
  refresh_interval: duration({ initial: 60_000 }),
  url: url(always),
  query: string(always),
  include_parameters: bool(always),
  port: polling.port,
}, (config, report) => {
  if (!checkHttpUrl(config.url, report)) return;
  required("query", config.query, "query missing", report);
  checkHttpClient(config, report);
});

export const scaleway = section("scaleway.SDConfig", {
  project_id: string(always),
  api_url: string({ initial: "https://api.scaleway.com" }),
  zone: string({ initial: "fr-par-1", printed: "always" }),
  access_key: string(always),
  secret_key: secret(always),
  secret_key_file: path(always),
  name_filter: string(),
  tags_filter: list(string()),
  ...httpClientFields(),
  ...polling,
  role: oneOf(["instance", "baremetal"], (found) => `unknown role ${quote(found)}`, always),
}, (config, report) => {
  required("role", config.role, "role missing (one of: instance, baremetal)", report);
  required("project_id", config.projectId, "project_id is mandatory", report);
  checkSecretKey(config, report);
  required("access_key", config.accessKey, "access_key is mandatory", report);
  checkHttpClient(config, report);
});

export const stackit = section("stackit.SDConfig", {
  ...httpClientFields(),
  project: string(always),
  refresh_interval: duration({ initial: 60_000 }),
  port: int({ initial: 80 }),
  region: string({ initial: "eu01" }),
  endpoint: string(),
  service_account_key: secret(),
  private_key: secret(),
  service_account_key_path: path(),
  private_key_path: path(),
  credentials_file_path: path(),
}, (config, report) => {
  if (config.endpoint === "" && config.region === "") {
    report("region", "stackit_sd: endpoint and region missing", "add region or endpoint");
  }
  try {
    parseGoUrl(config.endpoint);
  } catch (error) {
    const reason = `stackit_sd: invalid endpoint ${quote(config.endpoint)}: ${(error as Error).message}`;
    report("endpoint", reason, "correct the URL");
  }
  checkHttpClient(config, report);
});

export const triton = section("triton.SDConfig", {
  account: string(always),
  role: string({ initial: "container", printed: "always" }),
  dns_suffix: string(always),
  endpoint: string(always),
  groups: list(string()),
  port: int({ initial: 9163, printed: "always" }),
  refresh_interval: duration({ initial: 60_000 }),
  tls_config: nested(tlsConfig),
  version: int({ initial: 1, printed: "always" }),
}, (config, report) => {
  if (config.role !== "container" && config.role !== "cn") {
    const reason = "triton SD configuration requires role to be 'container' or 'cn'";
    report("role", reason, "use one of the two");
  }
  required("account", config.account, "triton SD configuration requires an account", report);
  required("dns_suffix", config.dnsSuffix, "triton SD configuration requires a dns_suffix", report);
  required("endpoint", config.endpoint, "triton SD configuration requires an endpoint", report);
  if (config.refreshIntervalMs <= 0) {
    const reason = "triton SD configuration requires RefreshInterval to be a positive integer";
    report("refresh_interval", reason, "give a duration above 0");
  }
});

export const uyuni = section("uyuni.SDConfig", {
  server: url(always),
  username: string(always),
  password: secret(always),
  ...httpClientFields(),
  entitlement: string({ initial: "monitoring_entitled" }),
  separator: string({ initial: "," }),
  refresh_interval: duration({ initial: 60_000 }),
}, (config, report) => {
  required("server", config.server, "Uyuni SD configuration requires server host", report);
  required("username", config.username, "Uyuni SD configuration requires a username", report);
  if (config.password.isEmpty) {
    report("password", "Uyuni SD configuration requires a password", "add password");
  }
  checkHttpClient(config, report);
});

export const vultr = section("vultr.SDConfig", { ...httpClientFields(), ...polling }, checkHttpClient);
