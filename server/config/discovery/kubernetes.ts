import { quote } from "../../../engine/labels/labels.ts";
import { bool, list, oneOf, path, string, url } from "../field.ts";
import { checkHttpClient, httpClientFields, httpClientSection } from "../http_client_config.ts";
import { nested, type Read, type Report, section, type Shape } from "../section.ts";

const always = { printed: "always" } as const;
const ROLES = ["node", "service", "pod", "endpoints", "endpointslice", "ingress"] as const;
type Role = typeof ROLES[number];

/** Which resources a selector may narrow, per role. */
const SELECTABLE: Readonly<Record<Role, readonly Role[]>> = {
  pod: ["pod", "node"],
  service: ["service"],
  endpointslice: ["pod", "service", "endpointslice"],
  endpoints: ["pod", "service", "endpoints"],
  node: ["node"],
  ingress: ["ingress"],
};

const roleField = (printed?: "always") =>
  oneOf(ROLES, (found) => `unknown Kubernetes SD role ${quote(found)}`, { printed });

const shape = {
  api_server: url(),
  role: roleField("always"),
  kubeconfig_file: path(always),
  ...httpClientFields(),
  namespaces: nested(section("kubernetes.NamespaceDiscovery", {
    own_namespace: bool(always),
    names: list(string(), always),
  })),
  selectors: list(
    section("kubernetes.SelectorConfig", { role: roleField(), label: string(), field: string() }),
  ),
  attach_metadata: nested(section("kubernetes.AttachMetadataConfig", {
    node: bool(always),
    namespace: bool(always),
    deployment: bool(always),
    job: bool(always),
    cronjob: bool(always),
  })),
} satisfies Shape;

export const kubernetes = section("kubernetes.SDConfig", shape, (config, report) => {
  if (config.role === "") {
    const reason = "role missing (one of: pod, service, endpoints, endpointslice, node, ingress)";
    return report("role", reason, "add role");
  }
  // Compared before the old bearer_token keys are rewritten; masked secrets differ from absent ones.
  const isDefault = JSON.stringify(httpClientSection.print(config)) ===
    JSON.stringify(httpClientSection.print(httpClientSection.initial));
  checkHttpClient(config, report);
  checkAccess(config, isDefault, report);
  checkSelectors(config.role, config.selectors, report);
});

function checkAccess(config: Read<typeof shape>, isDefaultClient: boolean, report: Report): void {
  const hasServer = config.apiServer !== "", hasKubeconfig = config.kubeconfigFile !== "";
  const exclusive = (a: string, b: string) => `cannot use '${a}' and '${b}' simultaneously`;
  const fix = "remove one of the two";
  if (hasServer && hasKubeconfig) {
    return report("kubeconfig_file", exclusive("kubeconfig_file", "api_server"), fix);
  }
  if (hasKubeconfig && !isDefaultClient) {
    const reason = "cannot use a custom HTTP client configuration together with 'kubeconfig_file'";
    return report("kubeconfig_file", reason, fix);
  }
  if (!hasServer && !isDefaultClient) {
    const reason = "to use custom HTTP client configuration please provide the 'api_server' URL explicitly";
    return report("api_server", reason, "add api_server, or remove the HTTP client keys");
  }
  if (!config.namespaces.ownNamespace) return;
  const own = ["namespaces", "own_namespace"];
  if (hasServer) report(own, exclusive("api_server", "namespaces.own_namespace"), fix);
  if (hasKubeconfig) report(own, exclusive("kubeconfig_file", "namespaces.own_namespace"), fix);
}

function checkSelectors(role: Role, selectors: Read<typeof shape>["selectors"], report: Report): void {
  const seen = new Set<string>();
  for (const [i, selector] of selectors.entries()) {
    const at = ["selectors", i];
    if (seen.has(selector.role)) {
      return report(
        [...at, "role"],
        `duplicated selector role: ${selector.role}`,
        "merge the selectors of one role",
      );
    }
    seen.add(selector.role);
    const allowed = SELECTABLE[role];
    if (!allowed.includes(selector.role as Role)) {
      const reason = `${role} role supports only ${allowed.join(", ")} selectors`;
      return report([...at, "role"], reason, "use one of these roles in the selector");
    }
    const field = checkFieldSelector(selector.field) ?? checkLabelSelector(selector.label);
    if (field !== undefined) {
      report([...at, field.key], field.reason, "write it as name=value, joined with commas");
    }
  }
}

function checkFieldSelector(text: string): { key: string; reason: string } | undefined {
  for (const term of text === "" ? [] : text.split(/(?<!\\),/)) {
    if (term !== "" && !/(?<!\\)=/.test(term)) {
      return { key: "field", reason: `invalid selector: '${text}'; can't understand '${term}'` };
    }
  }
}

const NAME = String.raw`[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?`;
const VALUE = String.raw`(?:${NAME})?`;
const REQUIREMENT = new RegExp(
  String
    .raw`^\s*(?:!?\s*${NAME}|${NAME}\s*(?:=|==|!=)\s*${VALUE}|${NAME}\s*[<>]\s*[0-9]+|${NAME}\s+(?:in|notin)\s*\(\s*${VALUE}(?:\s*,\s*${VALUE})*\s*\))\s*$`,
);

function checkLabelSelector(text: string): { key: string; reason: string } | undefined {
  if (text.trim() === "") return;
  const wrong = text.split(/,(?![^(]*\))/).find((term) => !REQUIREMENT.test(term));
  if (wrong !== undefined) return { key: "label", reason: `unable to parse requirement: ${quote(wrong)}` };
}
