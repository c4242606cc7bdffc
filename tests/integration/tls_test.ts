import { hash } from "bcryptjs";
import assert from "node:assert/strict";
import { HttpClient } from "../../server/scrape/http_client.ts";
import { CA_PEM, SERVER_KEY, SERVER_PEM } from "../server/scrape/_certificates.ts";
import { httpDefaults } from "../server/scrape/_fakes.ts";
import { hasPrometheus, Prometheus, prometheusMissing } from "./_prometheus.ts";
import { Server, temporaryDirectory, until } from "./_server.ts";

const PASSWORD = "correct horse";

/** Asks servers behind TLS, as a user that they know. */
class TlsAsker implements AsyncDisposable {
  readonly #client = new HttpClient({
    ...httpDefaults,
    basicAuth: {
      username: "ann",
      usernameFile: "",
      password: PASSWORD,
      passwordFile: "",
    } as typeof httpDefaults.basicAuth,
    tlsConfig: { ...httpDefaults.tlsConfig, ca: CA_PEM, serverName: "server.test" },
  });

  async text(url: string): Promise<string> {
    let text = "", failure = "";
    const decoder = new TextDecoder();
    await this.#client.send({ url, signal: AbortSignal.timeout(5000) }, {
      head: ({ status }) => void (failure = status === 200 ? "" : `status ${status}`),
      chunk: (bytes) => void (text += decoder.decode(bytes, { stream: true })),
    });
    if (failure !== "") throw new Error(`${url}: ${failure}: ${text}`);
    return text;
  }

  /** Values of an instant query. */
  async query(url: string, query: string): Promise<number[]> {
    const text = await this.text(`${url}/api/v1/query?${new URLSearchParams({ query })}`);
    const { data: { result } } = JSON.parse(text) as { data: { result: { value: [number, string] }[] } };
    return result.map(({ value }) => Number(value[1]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}

Deno.test({
  name:
    `this server and Prometheus, both behind TLS and passwords, scrape each other over HTTP/2${prometheusMissing}`,
  ignore: !hasPrometheus,
  fn: async () => {
    await using data = await temporaryDirectory();
    const webConfig = `${data.path}/web.yml`;
    await Deno.writeTextFile(`${data.path}/ca.pem`, CA_PEM);
    await Deno.writeTextFile(`${data.path}/cert.pem`, SERVER_PEM);
    await Deno.writeTextFile(`${data.path}/key.pem`, SERVER_KEY);
    await Deno.writeTextFile(
      webConfig,
      `tls_server_config: { cert_file: cert.pem, key_file: key.pem }\nbasic_auth_users: { ann: ${await hash(
        PASSWORD,
        4,
      )} }\n`,
    );
    const config = (job: string, address: string, password: string) => `
- job_name: ${job}
  scheme: https
  static_configs: [{ targets: ["${address}"] }]
  basic_auth: { username: ann, password: ${password} }
  tls_config: { server_name: server.test, ca_file: ${data.path}/ca.pem }`;
    const head = "global: { scrape_interval: 1s }\nscrape_configs:";
    const args = [`--web.config.file=${webConfig}`];
    await using asker = new TlsAsker();
    const secured = (url: string) => url.replace("http:", "https:");
    const isReady = async (url: string) => /Ready/.test(await asker.text(`${secured(url)}/-/ready`));

    await using prometheus = await Prometheus.start(
      `${head}${config("self", "SELF", PASSWORD)}${config("wrong", "SELF", "guessed")}`,
      { args, isReady },
    );
    const address = prometheus.url.slice("http://".length);
    await using narthex = await Server.start({
      config: `${head}${config("self", "SELF", PASSWORD)}${config("prometheus", address, PASSWORD)}${
        config("wrong", "SELF", "guessed")
      }`,
      storagePath: `${data.path}/data`,
      args,
    });
    await until(() => isReady(narthex.url), () => narthex.log);
    await until(
      async () => (await asker.query(secured(narthex.url), "sum(up) == 2 and count(up) == 3")).length === 1,
      () => `it does not scrape:\n${narthex.log}`,
    );
    assert.deepEqual(await asker.query(secured(narthex.url), 'up{job="wrong"}'), [0]);
    const { data: { activeTargets } } = JSON.parse(
      await asker.text(`${secured(narthex.url)}/api/v1/targets`),
    ) as {
      data: { activeTargets: { scrapePool: string; lastError: string }[] };
    };
    assert.equal(
      activeTargets.find(({ scrapePool }) => scrapePool === "wrong")?.lastError,
      "server returned HTTP status 401 Unauthorized",
    );
    await until(
      async () => (await asker.query(secured(prometheus.url), "sum(up)"))[0] === 1,
      () => prometheus.log,
    );

    await using observer = await Prometheus.start(
      `${head}${config("narthex", narthex.url.slice("http://".length), PASSWORD)}`,
    );
    await until(
      async () => [...(await observer.query("up")).values()][0] === 1,
      () => `Prometheus does not scrape it:\n${observer.log}`,
    );
  },
});
