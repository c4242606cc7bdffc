import type { RelabelRule } from "../../engine/labels/relabel.ts";
import { azuread } from "./azuread_config.ts";
import { bool, duration, FieldError, int, map, path, string, uint, url } from "./field.ts";
import { checkHttpClient, httpClientFields } from "./http_client_config.ts";
import { checkLabelName, relabelRules } from "./relabel_config.ts";
import { nested, optional, type Report, section } from "./section.ts";
import { sigv4 } from "./sigv4_config.ts";
import { checkWriteMessage, WRITE_MESSAGES } from "./write_message.ts";

/** Headers of remote write and read, and of tracing, that cannot be configured. */
const RESERVED_HEADERS = new Set([
  "host",
  "content-encoding",
  "content-length",
  "content-type",
  "user-agent",
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "www-authenticate",
  "accept-encoding",
  "x-prometheus-remote-write-version",
  "x-prometheus-remote-read-version",
  "x-amz-date",
  "x-amz-security-token",
  "x-amz-content-sha256",
]);

const AUTHORIZATION_REASON =
  "authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, " +
  "azuread or google_iam parameter";

/** Reports headers that the client sets itself. */
export function checkHeaders(
  headers: Readonly<Record<string, string>>,
  report: Report,
  authorizationReason = AUTHORIZATION_REASON,
): void {
  for (const name of Object.keys(headers)) {
    const lower = name.toLowerCase();
    if (lower === "authorization") report(["headers", name], authorizationReason, "remove the header");
    else if (RESERVED_HEADERS.has(lower)) {
      report(["headers", name], `${name} is a reserved header. It must not be changed`, "remove the header");
    }
  }
}

const queueConfig = section("config.QueueConfig", {
  capacity: int({ initial: 10_000 }),
  max_shards: int({ initial: 50 }),
  min_shards: int({ initial: 1 }),
  max_samples_per_send: int({ initial: 2000 }),
  batch_send_deadline: duration({ initial: 5000 }),
  min_backoff: duration({ initial: 30 }),
  max_backoff: duration({ initial: 5000 }),
  retry_on_http_429: bool(),
  sample_age_limit: duration(),
});

function checkQueue(queue: typeof queueConfig.initial, report: Report): void {
  const { maxShards, minShards, maxSamplesPerSend, capacity } = queue;
  const fail = (key: string, rule: string, fix: string) =>
    report(["queue_config", key], `remote write queue ${key} ${rule}`, fix);
  const positive = (key: string, value: number) => {
    if (value <= 0) fail(key, "must be positive", "give a number above 0");
  };
  positive("max_shards", maxShards);
  positive("min_shards", minShards);
  if (maxShards > 0 && minShards > maxShards) {
    fail("min_shards", "must not be greater than max_shards", "lower min_shards or raise max_shards");
  }
  positive("max_samples_per_send", maxSamplesPerSend);
  positive("capacity", capacity);
  if (queue.maxBackoffMs < queue.minBackoffMs) {
    fail("max_backoff", "must not be less than min_backoff", "raise max_backoff or lower min_backoff");
  }
}

export const remoteWriteSection = section("config.RemoteWriteConfig", {
  url: url({ printed: "always" }),
  remote_timeout: duration({ initial: 30_000 }),
  headers: map(string()),
  write_relabel_configs: relabelRules("empty or null relabeling rule in remote write config"),
  name: string(),
  send_exemplars: bool(),
  send_native_histograms: bool(),
  round_robin_dns: bool(),
  protobuf_message: string({
    initial: WRITE_MESSAGES[0],
    check(name) {
      const reason = checkWriteMessage(name);
      if (reason !== undefined) {
        const details = { expected: "a remote-write message", fix: "use one of the supported messages" };
        throw new FieldError(`invalid protobuf_message value: ${reason}`, details);
      }
    },
  }),
  failed_request_logging: bool(),
  ...httpClientFields(false),
  queue_config: nested(queueConfig),
  metadata_config: nested(section("config.MetadataConfig", {
    send: bool({ initial: true, printed: "always" }),
    send_interval: duration({ initial: 60_000, printed: "always" }),
    max_samples_per_send: int({ initial: 2000 }),
  })),
  sigv4: optional(sigv4),
  azuread: optional(azuread),
  google_iam: optional(section("googleiam.Config", { credentials_file: path() })),
}, (config, report) => {
  if (config.url === "") report("url", "url for remote_write is empty", "add url");
  checkHeaders(config.headers, report);
  checkHttpClient(config, report);
  checkQueue(config.queueConfig, report);
  const auth = {
    basic_auth: config.basicAuth,
    authorization: config.authorization,
    oauth2: config.oauth2,
    sigv4: config.sigv4,
    azuread: config.azuread,
    google_iam: config.googleIam,
  };
  const configured = Object.entries(auth).filter(([, value]) => value !== undefined).map(([key]) => key);
  if (configured.length > 1) {
    const reason = "at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be " +
      `configured. Currently configured: [${configured.join(" ")}]`;
    report(configured[1], reason, "keep one of them");
  }
});
export type RemoteWriteSection = typeof remoteWriteSection.initial;

/** An endpoint that samples are sent to. */
export interface RemoteWriteConfig {
  readonly writeRelabelConfigs: readonly RelabelRule[];
  readonly source: RemoteWriteSection;
}

export const remoteReadSection = section("config.RemoteReadConfig", {
  url: url({ printed: "always" }),
  remote_timeout: duration({ initial: 60_000 }),
  chunked_read_limit: uint({ initial: 50_000_000 }),
  headers: map(string()),
  read_recent: bool(),
  name: string(),
  ...httpClientFields(),
  required_matchers: map(string(), checkLabelName),
  filter_external_labels: bool({ initial: true }),
}, (config, report) => {
  if (config.url === "") report("url", "url for remote_read is empty", "add url");
  checkHeaders(config.headers, report);
  checkHttpClient(config, report);
});
/** An endpoint that samples are read from. */
export type RemoteReadConfig = typeof remoteReadSection.initial;
