import assert from "node:assert/strict";
import { CONFORMANCE } from "../../conformance/folder.ts";
import { existsSync } from "node:fs";
import { ConfigError } from "../../../server/config/config_error.ts";
import { httpClientSection } from "../../../server/config/http_client_config.ts";
import { loadConfig, parseConfig } from "../../../server/config/load.ts";
import { printConfig } from "../../../server/config/print.ts";
import { parseWebConfig } from "../../../server/config/web_config.ts";
import { YamlDocument } from "../../../server/config/yaml_document.ts";
import { diskHost } from "./_host.ts";

const root = CONFORMANCE;
const ignore = !existsSync(root);
const skipped = ignore ? ` (skipped: no conformance data at ${root})` : "";
const configs = `${root}/config`, examples = `${root}/example-configs`;

/** Files that upstream refuses although their names do not say so. */
const ALSO_BAD = new Set([
  "config_with_deprecated_am_api_config.yml",
  "otlp_allow_utf8.incompatible.yml",
  "otlp_no_translation.incompatible.yml",
]);

/** Example files that are no `prometheus.yml`. */
const OTHER_KINDS = new Set(["promtool-http-config-file.yml", "rbac-setup.yml", "web-config.yml"]);

/** Valid, but the text printed for them means something else when it is read again: `$$` is expanded once more. */
const NOT_REPEATABLE = new Set(["external_labels.good.yml"]);

/** What upstream's own tests look for in its errors, and the key that the error is about. */
const REFUSALS: Readonly<Record<string, readonly [reason: string, keyPath: string]>> = {
  "jobname.bad.yml": ["job_name is empty", "scrape_configs[0].job_name"],
  "jobname_dup.bad.yml": [
    'found multiple scrape configs with job name "prometheus"',
    "scrape_configs[2].job_name",
  ],
  "scrape_interval.bad.yml": [
    "scrape timeout greater than scrape interval",
    "scrape_configs[0].scrape_timeout",
  ],
  "labelname.bad.yml": ['"\\xff" is not a valid label name', "global.external_labels.\udcff"],
  "labelvalue.bad.yml": ['"\\xff" is not a valid label value', "global.external_labels.name"],
  "regex.bad.yml": ["error parsing regexp", "scrape_configs[0].relabel_configs[0].regex"],
  "modulus_missing.bad.yml": ["hashmod requires non-zero modulus", "scrape_configs[0].relabel_configs[0]"],
  "labelmap.bad.yml": [
    "!!binary value contains invalid base64",
    "scrape_configs[0].relabel_configs[0].replacement",
  ],
  "rules.bad.yml": ["invalid rule file path", "rule_files[1]"],
  "unknown_attr.bad.yml": [
    "field consult_sd_configs not found in type",
    "scrape_configs[0].consult_sd_configs",
  ],
  "unknown_global_attr.bad.yml": ["field nonexistent_field not found in type", "global.nonexistent_field"],
  "section_key_dup.bad.yml": ["field scrape_configs already set in type", "scrape_configs"],
  "kubernetes_namespace_discovery.bad.yml": [
    "field foo not found in type",
    "scrape_configs[0].kubernetes_sd_configs[0].namespaces.foo",
  ],
  "kubernetes_selectors_duplicated_role.bad.yml": [
    "duplicated selector role: pod",
    "scrape_configs[0].kubernetes_sd_configs[0].selectors[1].role",
  ],
  "kubernetes_selectors_incorrect_selector.bad.yml": [
    "invalid selector: 'metadata.status-Running'; can't understand 'metadata.status-Running'",
    "scrape_configs[0].kubernetes_sd_configs[0].selectors[0].field",
  ],
  "kubernetes_selectors_endpoints.bad.yml": [
    "endpoints role supports only pod, service, endpoints selectors",
    "scrape_configs[0].kubernetes_sd_configs[0].selectors[0].role",
  ],
  "marathon_authtoken_basicauth.bad.yml": [
    "marathon_sd: at most one of basic_auth, auth_token & auth_token_file must be configured",
    "scrape_configs[0].marathon_sd_configs[0].basic_auth",
  ],
  "remote_write_wrong_msg.bad.yml": [
    "invalid protobuf_message value: unknown type for remote write protobuf message " +
    "io.prometheus.writet.v2.Request, supported: prometheus.WriteRequest, io.prometheus.write.v2.Request",
    "remote_write[0].protobuf_message",
  ],
  "remote_write_authorization_header.bad.yml": [
    "authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, azuread or google_iam",
    "remote_write[0].headers.authorization",
  ],
  "scrape_body_size_limit.bad.yml": ["units: unknown unit  in 100", "scrape_configs[0].body_size_limit"],
  "stackit_endpoint.bad.yml": ["invalid endpoint", "scrape_configs[0].stackit_sd_configs[0].endpoint"],
  "url_in_targetgroup.bad.yml": [
    '"http://bad" is not a valid hostname',
    "scrape_configs[0].static_configs[0].targets[0]",
  ],
  "tsdb_retention_time.bad.yml": ['not a valid duration string: "-1h"', "storage.tsdb.retention.time"],
  "metric_name_validation_scheme.bad.yml": [
    'unrecognized ValidationScheme: "invalid_scheme"',
    "global.metric_name_validation_scheme",
  ],
  "scrape_config_files_double_import.bad.yml": [
    'found multiple scrape configs with job name "prometheus"',
    "scrape_configs[0].job_name",
  ],
  "empty_static_config.bad.yml": [
    "empty or null section in static_configs",
    "scrape_configs[0].static_configs[0]",
  ],
  "empty_scrape_config_action.bad.yml": [
    "relabel action cannot be empty",
    "scrape_configs[0].relabel_configs[0].action",
  ],
};

function yamlFiles(directory: string): string[] {
  if (ignore) return [];
  return [...Deno.readDirSync(directory)].map(({ name }) => name).filter((name) => /\.ya?ml$/.test(name))
    .sort();
}

async function refusal(path: string): Promise<ConfigError> {
  try {
    await loadConfig(path, diskHost());
  } catch (error) {
    assert.ok(error instanceof ConfigError, `${path}: ${error}`);
    return error;
  }
  assert.fail(`${path} was loaded`);
}

Deno.test({
  name: `loadConfig() gives every conformance file upstream's verdict${skipped}`,
  ignore,
  async fn(t) {
    for (const name of yamlFiles(configs)) {
      await t.step(name, async () => {
        const path = `${configs}/${name}`;
        if (name.includes(".bad.") || ALSO_BAD.has(name)) {
          const error = await refusal(path);
          for (const problem of error.problems) {
            assert.ok(problem.file.startsWith(configs), problem.file);
            assert.ok(
              problem.line >= 1 && problem.column >= 1 && problem.keyPath !== "" && problem.fix !== "",
            );
          }
          const [reason, keyPath] = REFUSALS[name] ?? ["", error.keyPath];
          assert.ok(error.message.includes(reason), error.message);
          assert.equal(error.keyPath, keyPath);
        } else {
          const { config } = await loadConfig(path, diskHost());
          const printed = printConfig(config);
          assert.doesNotMatch(printed, /mysecret|undefined|NaN/);
          const again = await parseConfig("printed.yml", printed, diskHost());
          if (!NOT_REPEATABLE.has(name)) assert.equal(printConfig(again.config), printed);
        }
      });
    }
  },
});

Deno.test({
  name: `loadConfig() loads every example configuration${skipped}`,
  ignore,
  async fn(t) {
    for (const name of yamlFiles(examples).filter((name) => !OTHER_KINDS.has(name))) {
      await t.step(name, async () => {
        const { config } = await loadConfig(`${examples}/${name}`, diskHost());
        assert.ok(config.scrapeConfigs.length > 0 || config.source.otlp.promoteResourceAttributes.length > 0);
      });
    }
  },
});

Deno.test({
  name: `the examples of HTTP client and web configuration load${skipped}`,
  ignore,
  fn() {
    const client = `${examples}/promtool-http-config-file.yml`;
    const http = new YamlDocument(client, Deno.readTextFileSync(client)).parse(httpClientSection.schema);
    assert.equal(http.basicAuth?.username, "alice");
    const file = `${examples}/web-config.yml`;
    const web = parseWebConfig(file, Deno.readTextFileSync(file));
    assert.deepEqual(Object.keys(web.basicAuthUsers), ["alice", "bob"]);
    assert.equal(web.tlsServerConfig?.certFile, `${examples}/server.crt`);
  },
});

Deno.test({
  name: `loadConfig() in agent mode refuses the sections of a server${skipped}`,
  ignore,
  async fn() {
    const cases: [file: string, reason: string | undefined][] = [
      ["agent_mode.with_alert_manager.yml", "field alerting is not allowed in agent mode"],
      ["agent_mode.with_alert_relabels.yml", "field alerting is not allowed in agent mode"],
      ["agent_mode.with_rule_files.yml", "field rule_files is not allowed in agent mode"],
      ["agent_mode.with_remote_reads.yml", "field remote_read is not allowed in agent mode"],
      ["agent_mode.without_remote_writes.yml", undefined],
      ["agent_mode.good.yml", undefined],
    ];
    for (const [file, reason] of cases) {
      const loading = loadConfig(`${configs}/${file}`, diskHost(), { agentMode: true });
      if (reason === undefined) await loading;
      else await assert.rejects(loading, { reason });
    }
  },
});

Deno.test({
  name: `names of scrape configs are validated and escaped as upstream resolves them${skipped}`,
  ignore,
  async fn() {
    const cases: [file: string, validation: string, escaping: string][] = [
      ["default_validation_mode", "utf8", "allow-utf-8"],
      ["global_validation_mode", "legacy", "dots"],
      ["local_validation_mode", "legacy", "values"],
      ["local_global_validation_mode", "utf8", "dots"],
      ["local_infer_escaping", "legacy", "underscores"],
    ];
    for (const [file, validation, escaping] of cases) {
      const { config } = await loadConfig(`${configs}/scrape_config_${file}.yml`, diskHost());
      const [job] = config.scrapeConfigs;
      assert.deepEqual(
        [job.metricNameValidationScheme, job.metricNameEscapingScheme],
        [validation, escaping],
        file,
      );
    }
  },
});
