import { bool, secret, string } from "./field.ts";
import { section } from "./section.ts";

/** Credentials to sign requests to AWS. */
export const sigv4 = section("sigv4.SigV4Config", {
  region: string(),
  access_key: string(),
  secret_key: secret(),
  profile: string(),
  role_arn: string(),
  external_id: string(),
  use_fips_sts_endpoint: bool(),
  service_name: string(),
}, (config, report) => {
  if ((config.accessKey === "") !== config.secretKey.isEmpty) {
    const reason =
      "must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the SigV4 config";
    report("secret_key", reason, "give both access_key and secret_key, or neither");
  }
  if (config.externalId !== "" && config.roleArn === "") {
    report("external_id", "external_id can only be used with role_arn", "add role_arn");
  }
});
