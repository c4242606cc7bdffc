import assert from "node:assert/strict";
import { parseWebConfig } from "../../../server/config/web_config.ts";

Deno.test("an empty web config sets nothing", () => {
  const web = parseWebConfig("web.yml", "");
  assert.equal(web.tlsServerConfig, undefined);
  assert.deepEqual(web.basicAuthUsers, {});
});

Deno.test("a web config is read with its defaults and paths", () => {
  const web = parseWebConfig(
    "/etc/web.yml",
    `
tls_server_config: {cert_file: a.crt, key_file: a.key, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem}
http_server_config: {headers: {X-Frame-Options: deny}}
rate_limit: {interval: 1s, burst: 20}
`,
  );
  assert.equal(web.tlsServerConfig?.keyFile, "/etc/a.key");
  assert.equal(web.tlsServerConfig?.minVersion, "TLS12");
  assert.deepEqual(web.httpServerConfig, { http2: true, headers: { "X-Frame-Options": "deny" } });
  assert.deepEqual(web.rateLimit, { intervalMs: 1000, burst: 20 });
});

Deno.test("a wrong web config is refused at its key", () => {
  const cases: [text: string, keyPath: string, reason: RegExp][] = [
    ["tls_server_config: {cert_file: a}", "tls_server_config.key_file", /missing one of key or key_file/],
    [
      "tls_server_config: {cert: a, cert_file: a, key_file: b}",
      "tls_server_config.cert_file",
      /at most one of cert and/,
    ],
    [
      "tls_server_config: {cert_file: a, key_file: b, client_ca_file: c}",
      "tls_server_config.client_auth_type",
      /without a Client Auth Policy/,
    ],
    [
      "http_server_config: {headers: {Server: x}}",
      "http_server_config.headers.Server",
      /can not be configured/,
    ],
    [
      "http_server_config: {headers: {X-Frame-Options: x}}",
      "http_server_config.headers.X-Frame-Options",
      /one of/,
    ],
    ["basic_auth_users: {me: plain}", "basic_auth_users.me", /not a bcrypt hash/],
    ["users: {}", "users", /not found in type/],
  ];
  for (const [text, keyPath, reason] of cases) {
    assert.throws(() => parseWebConfig("web.yml", text), (error: Error & { keyPath?: string }) => {
      assert.equal(error.keyPath, keyPath);
      assert.match(error.message, reason);
      assert.doesNotMatch(error.message, /plain/);
      return true;
    });
  }
});
