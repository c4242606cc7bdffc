import { quote } from "../../../engine/labels/labels.ts";
import { duration, int, list, oneOf, secret, string } from "../field.ts";
import { checkHttpClient, httpClientFields } from "../http_client_config.ts";
import { section, type Shape } from "../section.ts";

const always = { printed: "always" } as const;
const ROLES = ["ec2", "ecs", "elasticache", "lightsail", "msk", "rds"] as const;

export const filters = () =>
  list(section("Filter", { name: string(always), values: list(string(), always) }));

const account = {
  endpoint: string(always),
  region: string(always),
  access_key: string(),
  secret_key: secret(),
  profile: string(),
  role_arn: string(),
  external_id: string(),
} satisfies Shape;

const polling = {
  refresh_interval: duration({ initial: 60_000 }),
  port: int({ initial: 80, printed: "always" }),
} satisfies Shape;

const clusters = (requestConcurrency: number) =>
  ({
    ...account,
    clusters: list(string()),
    ...polling,
    request_concurrency: int({ initial: requestConcurrency }),
    ...httpClientFields(),
  }) satisfies Shape;

export const aws = section("aws.SDConfig", {
  role: oneOf(ROLES, (found) => `unknown AWS SD role ${quote(found)}`, always),
  ...account,
  refresh_interval: duration(),
  port: int(),
  ...httpClientFields(),
  filters: filters(),
  clusters: list(string()),
}, (config, report) => {
  if (config.role === "") report("role", `unknown AWS SD role ""`, `add role, one of ${ROLES.join(", ")}`);
});

export const ec2 = section("aws.EC2SDConfig", {
  ...account,
  ...polling,
  filters: filters(),
  ...httpClientFields(),
}, (config, report) => {
  const empty = config.filters.findIndex((filter) => filter.values.length === 0);
  if (empty >= 0) {
    const reason = "EC2 SD configuration filter values cannot be empty";
    report(["filters", empty, "values"], reason, "list the values that the filter lets through");
  }
  checkHttpClient(config, report);
});

export const lightsail = section(
  "aws.LightsailSDConfig",
  { ...account, ...polling, ...httpClientFields() },
  checkHttpClient,
);
export const ecs = section("aws.ECSSDConfig", clusters(20), checkHttpClient);
export const elasticache = section("aws.ElasticacheSDConfig", clusters(10), checkHttpClient);
export const msk = section("aws.MSKSDConfig", clusters(10), checkHttpClient);
export const rds = section("aws.RDSSDConfig", { ...clusters(10), filters: filters() }, checkHttpClient);
