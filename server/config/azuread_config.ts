import { bool, secret, string } from "./field.ts";
import { optional, type Report, section } from "./section.ts";

const UUID =
  /^(urn:uuid:)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$|^[0-9a-f]{32}$|^\{[0-9a-f-]{36}\}$/i;

const WORKLOAD_TOKEN_FILE = "/var/run/secrets/azure/tokens/azure-identity-token";

/** Reports each of `values` that is missing, then a client id that is no UUID. */
function checkIdentity(
  kind: string,
  values: Readonly<Record<string, string | { readonly isEmpty: boolean }>>,
  report: Report,
): void {
  for (const [key, value] of Object.entries(values)) {
    const isMissing = typeof value === "string" ? value === "" : value.isEmpty;
    if (isMissing) report(key, `must provide an Azure ${kind} ${key} in the Azure AD config`, `add ${key}`);
  }
  const id = values.client_id;
  if (typeof id === "string" && id !== "") checkUuid(kind, "client_id", id, report);
}

function checkUuid(kind: string, key: string, value: string, report: Report): void {
  if (!UUID.test(value)) report(key, `the provided Azure ${kind} ${key} is invalid`, "give a UUID");
}

const managedIdentity = section(
  "azuread.ManagedIdentityConfig",
  { client_id: string() },
  (config, report) => {
    if (config.clientId !== "") checkUuid("Managed Identity", "client_id", config.clientId, report);
  },
);

const workloadIdentity = section("azuread.WorkloadIdentityConfig", {
  client_id: string(),
  tenant_id: string(),
  token_file_path: string(),
}, (config, report) => {
  const kind = "Workload Identity";
  checkIdentity(kind, { client_id: config.clientId, tenant_id: config.tenantId }, report);
  if (config.tenantId !== "") checkUuid(kind, "tenant_id", config.tenantId, report);
  config.tokenFilePath ||= WORKLOAD_TOKEN_FILE;
});

const oauth = section("azuread.OAuthConfig", {
  client_id: string(),
  client_secret: secret(),
  tenant_id: string(),
}, ({ clientId, clientSecret, tenantId }, report) => {
  checkIdentity("OAuth", { client_id: clientId, client_secret: clientSecret, tenant_id: tenantId }, report);
});

const certificate = section("azuread.CertificateConfig", {
  client_id: string(),
  tenant_id: string(),
  certificate_path: string(),
  certificate_key_path: string(),
  certificate_password: secret(),
  send_certificate_chain: bool(),
}, ({ clientId, tenantId, certificatePath }, report) => {
  const values = { client_id: clientId, tenant_id: tenantId, certificate_path: certificatePath };
  checkIdentity("Certificate", values, report);
});

/** Credentials of Microsoft Entra ID: one way to log in, for one of its clouds. */
export const azuread = section("azuread.AzureADConfig", {
  managed_identity: optional(managedIdentity),
  workload_identity: optional(workloadIdentity),
  oauth: optional(oauth),
  sdk: optional(section("azuread.SDKConfig", { tenant_id: string() })),
  certificate: optional(certificate),
  cloud: string(),
  scope: string(),
}, (config, report) => {
  config.cloud ||= "AzurePublic";
  if (!["AzureChina", "AzureGovernment", "AzurePublic"].includes(config.cloud)) {
    const reason = "must provide a cloud in the Azure AD config";
    report("cloud", reason, "use AzurePublic, AzureGovernment or AzureChina");
  }
  const methods = [
    config.managedIdentity,
    config.workloadIdentity,
    config.oauth,
    config.sdk,
    config.certificate,
  ];
  const count = methods.filter((method) => method !== undefined).length;
  if (count === 0) {
    const reason =
      "must provide an Azure Managed Identity, Azure Workload Identity, Azure OAuth, Azure Certificate " +
      "or Azure SDK in the Azure AD config";
    report([], reason, "add one of them");
  } else if (count > 1) {
    report([], "cannot provide multiple authentication methods in the Azure AD config", "keep one of them");
  }
  if (config.scope !== "" && !/^[\w\s:/.\-]+$/.test(config.scope)) {
    report("scope", "the provided scope contains invalid characters", "use letters, digits and :/.-");
  }
});
