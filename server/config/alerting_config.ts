import type { RelabelRule } from "../../engine/labels/relabel.ts";
import { discoveryFields } from "./discovery/mechanisms.ts";
import { duration, list, oneOf, string } from "./field.ts";
import { checkHttpClient, httpClientFields } from "./http_client_config.ts";
import { relabelRules } from "./relabel_config.ts";
import { checkStaticTargets } from "./scrape_config.ts";
import { optional, section } from "./section.ts";
import { sigv4 } from "./sigv4_config.ts";

const apiVersion = oneOf(
  ["v2"],
  (found) => `expected Alertmanager api version to be one of [v2] but got ${found}`,
  { initial: "v2", printed: "always" },
);

const alertmanager = section("config.AlertmanagerConfig", {
  ...httpClientFields(),
  sigv4: optional(sigv4),
  scheme: string({ initial: "http" }),
  path_prefix: string(),
  timeout: duration({ initial: 10_000 }),
  api_version: apiVersion,
  relabel_configs: relabelRules("empty or null Alertmanager target relabeling rule"),
  alert_relabel_configs: relabelRules("empty or null Alertmanager alert relabeling rule"),
  ...discoveryFields,
}, (config, report) => {
  checkHttpClient(config, report);
  const hasAuth = [config.basicAuth, config.authorization, config.oauth2].some((auth) => auth !== undefined);
  if (hasAuth && config.sigv4 !== undefined) {
    const reason = "at most one of basic_auth, authorization, oauth2, & sigv4 must be configured";
    report("sigv4", reason, "keep one of them");
  }
  if (config.relabelConfigs.length === 0) checkStaticTargets(config.staticConfigs, report);
});

/** One set of Alertmanagers, as written. */
export type AlertmanagerSection = typeof alertmanager.initial;

export const alertingSection = section("config.AlertingConfig", {
  alert_relabel_configs: relabelRules("empty or null alert relabeling rule"),
  alertmanagers: list(alertmanager),
});
export type AlertingSection = typeof alertingSection.initial;

/** Where alerts are sent. */
export interface AlertingConfig {
  readonly alertRelabelConfigs: readonly RelabelRule[];
  readonly alertmanagers: readonly AlertmanagerConfig[];
}

/** One set of Alertmanagers; its `source` holds HTTP client, scheme, path prefix, timeout and discovery. */
export interface AlertmanagerConfig {
  readonly relabelConfigs: readonly RelabelRule[];
  readonly alertRelabelConfigs: readonly RelabelRule[];
  readonly source: AlertmanagerSection;
}
