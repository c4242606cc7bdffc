import assert from "node:assert/strict";
import denoJson from "../../deno.json" with { type: "json" };
import { freePort, hasProgram, run, Server, temporaryDirectory, until } from "./_server.ts";

const NODE_EXPORTER = "prometheus-node-exporter";
const hasNodeExporter = hasProgram(NODE_EXPORTER);

Deno.test("with no configuration it scrapes itself and answers from what it scraped", async () => {
  await using data = await temporaryDirectory();
  await using server = await Server.start({ storagePath: data.path });
  await server.ready();
  await until(
    async () => [...(await server.query("up")).values()].join() === "1",
    () => `up is not 1:\n${server.log}`,
  );
  const { activeTargets } = await server.api("targets");
  assert.equal(activeTargets.length, 1);
  assert.equal(activeTargets[0].health, "up");
  assert.equal(activeTargets[0].scrapePool, "narthex");
  assert.ok((await server.api("label/__name__/values")).includes("process_resident_memory_bytes"));
  const page = await (await fetch(server.url)).text();
  assert.match(page, /Narthex/);
  assert.equal(await server.stop("SIGINT"), 0, server.log);
});

Deno.test("what was scraped is there after SIGTERM and a new start", async () => {
  await using data = await temporaryDirectory();
  const config = `
global: {scrape_interval: 250ms, scrape_timeout: 200ms}
scrape_configs:
- job_name: self
  static_configs: [{targets: [SELF]}]
`;
  let before: number;
  {
    await using server = await Server.start({ storagePath: data.path, config });
    await server.ready();
    await until(
      async () => [...(await server.query("count_over_time(up[1m])")).values()][0] >= 4,
      () => server.log,
    );
    before = [...(await server.query("count_over_time(up[1m])")).values()][0];
    assert.equal(await server.stop(), 0, server.log);
  }
  await using server = await Server.start({ storagePath: data.path });
  await server.ready();
  const after = await server.query('sum(count_over_time(up{job="self"}[10m]))');
  assert.ok([...after.values()][0] >= before, `${[...after.values()][0]} samples of ${before} are left`);
});

Deno.test("a signal before it listens ends it in order", async () => {
  await using data = await temporaryDirectory();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    await using server = await Server.start({ storagePath: data.path });
    await until(() => Promise.resolve(server.log.includes("Starting Narthex")), () => server.log, 10_000);
    assert.equal(await server.stop(signal), 0, server.log);
    assert.match(server.log, /See you next time!/);
  }
});

Deno.test("Grafana and others find a Prometheus of a version that they know", async () => {
  await using data = await temporaryDirectory();
  await using server = await Server.start({ storagePath: data.path });
  await server.ready();
  const { version, revision, branch, features } = await server.api("status/buildinfo");
  assert.match(version, /^3\.14\.\d+$/);
  assert.deepEqual([revision, branch], [denoJson.version, "narthex"]);
  assert.equal(features, undefined); // to Grafana, a server that has them is Mimir
  assert.match(await (await fetch(server.url)).text(), new RegExp(`Version ${revision}\\.`));
});

Deno.test("without targets it shows the figures of its storage, and its data can be copied", async () => {
  await using directory = await temporaryDirectory();
  const data = `${directory.path}/data`;
  await using server = await Server.start({
    storagePath: data,
    config: "scrape_configs: []",
    args: ["--storage.shards=3", "--web.enable-admin-api"],
  });
  await server.ready();
  assert.match(await (await fetch(`${server.url}/metrics`)).text(), /^prometheus_tsdb_head_series 0$/m);
  assert.equal((await server.query("sum(up)")).size, 0);
  const copyAndRestore = async (name: string, source: string) => {
    const copy = `${directory.path}/${name}`;
    for (const args of [["backup", copy, source], ["restore", copy, `--storage.path=${copy}-restored`]]) {
      const { code, output } = await run(...args);
      assert.equal(code, 0, output);
    }
  };
  await copyAndRestore("live", `--url=${server.url}`);
  assert.equal(await server.stop(), 0, server.log);
  await copyAndRestore("stopped", `--storage.path=${data}`);
});

Deno.test({
  name: `a real node exporter is scraped and read back${
    hasNodeExporter ? "" : ` (skipped: ${NODE_EXPORTER} is not installed)`
  }`,
  ignore: !hasNodeExporter,
  fn: async () => {
    const port = freePort();
    const exporter = new Deno.Command(NODE_EXPORTER, {
      args: [`--web.listen-address=127.0.0.1:${port}`],
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      await using data = await temporaryDirectory();
      await using server = await Server.start({
        storagePath: data.path,
        config: `
global: {scrape_interval: 1s, external_labels: {site: test}}
scrape_configs:
- job_name: node
  static_configs: [{targets: ["127.0.0.1:${port}"], labels: {rack: r1}}]
  metric_relabel_configs:
  - {source_labels: [__name__], regex: go_.*, action: drop}
- job_name: self
  static_configs: [{targets: [SELF]}]
`,
      });
      await server.ready();
      await until(async () => {
        const up = await server.query("up");
        return up.size === 2 && [...up.values()].every((value) => value === 1);
      }, () => server.log);
      const uname = await server.api("series", { "match[]": "node_uname_info" });
      assert.equal(uname[0].rack, "r1");
      assert.equal(uname[0].job, "node");
      assert.equal(uname[0].sysname, "Linux");
      assert.deepEqual(await server.api("series", { "match[]": '{__name__=~"go_.*",job="node"}' }), []);
      const scraped = await server.query('scrape_samples_scraped{job="node"}');
      assert.ok([...scraped.values()][0] > 200);
      const kept = [...(await server.query('count({job="node"})')).values()][0];
      const reported =
        [...(await server.query('scrape_samples_post_metric_relabeling{job="node"}')).values()][0];
      assert.ok(kept >= reported + 5, `${kept} series are there, ${reported} samples were kept`);
      const metadata = await server.api("metadata", { metric: "node_cpu_seconds_total" });
      assert.equal(metadata.node_cpu_seconds_total[0].type, "counter");
    } finally {
      exporter.kill("SIGKILL");
      await exporter.status;
    }
  },
});

Deno.test("reload takes up new targets and leaves the others alone", async () => {
  await using data = await temporaryDirectory();
  await using target = await hostMetrics("a_metric 1\n");
  const file = `${data.path}/prometheus.yml`;
  const config = (jobs: string) =>
    `global: {scrape_interval: 200ms, scrape_timeout: 200ms}\nscrape_configs:\n${jobs}`;
  const first = `- {job_name: one, static_configs: [{targets: ["${target.address}"]}]}\n`;
  await Deno.writeTextFile(file, config(first));
  await using server = await Server.start({
    storagePath: `${data.path}/data`,
    args: [`--config.file=${file}`, "--web.enable-lifecycle"],
  });
  await server.ready();
  await until(async () => (await server.query('a_metric{job="one"}')).size === 1, () => server.log);
  await Deno.writeTextFile(
    file,
    config(`${first}- {job_name: two, static_configs: [{targets: ["${target.address}"]}]}\n`),
  );
  const reload = () => fetch(`${server.url}/-/reload`, { method: "POST" });
  const good = await reload();
  assert.equal(good.status, 200, await good.text());
  await until(async () => (await server.query("a_metric")).size === 2, () => server.log);
  const interruptions = await server.query(
    'count_over_time(a_metric{job="one"}[1m]) - count_over_time(up{job="one"}[1m])',
  );
  assert.deepEqual([...interruptions.values()], [0]);

  await Deno.writeTextFile(file, "scrape_configs: [{job_name: one, scrape_intervall: 5s}]");
  const bad = await reload();
  assert.equal(bad.status, 500);
  assert.match(await bad.text(), /scrape_intervall/);
  assert.deepEqual([...(await server.query("prometheus_config_last_reload_successful")).keys()], []);
  await until(async () => (await server.query("a_metric")).size === 2, () => server.log);

  await Deno.writeTextFile(file, config(first));
  await (await reload()).body?.cancel();
  await until(
    async () => (await server.query("a_metric")).size === 1,
    () => "the removed target is not stale",
  );
});

/** Serves `text` as the metrics of a target. */
function hostMetrics(text: string): { address: string } & AsyncDisposable {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(text, { headers: { "content-type": "text/plain; version=0.0.4" } }),
  );
  return { address: `127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}
