import assert from "node:assert/strict";
import { Server, temporaryDirectory, until } from "./_server.ts";

const INTERVAL = "scrape_interval: 1s";
const CONFIG = `
global:
  ${INTERVAL}
scrape_configs:
  - job_name: self
    static_configs: [{ targets: ["SELF"] }]
`;

/** A line of the global section, and what it makes of a query for all series of the server's own metrics. */
const LIMITS: readonly { setting: string; status: number; errorType: string; error: RegExp }[] = [
  {
    setting: "query_max_series: 10",
    status: 422,
    errorType: "cost_limit",
    error: /^query selects \d+ series, more than the limit of 10: /,
  },
  {
    setting: "query_max_samples_read: 20",
    status: 422,
    errorType: "cost_limit",
    error: /^query reads more than the limit of 20 samples: /,
  },
  {
    setting: "query_max_samples_scanned: 30",
    status: 422,
    errorType: "cost_limit",
    error: /^query reads more than the limit of 30 samples: /,
  },
  {
    setting: "query_max_duration: 1ms",
    status: 503,
    errorType: "timeout",
    error: /^query timed out in /,
  },
  {
    setting: "query_max_memory: 1KiB",
    status: 422,
    errorType: "execution",
    error: /^query loads \d+ bytes of samples, more than the limit of 1024: /,
  },
  {
    setting: "query_max_result_size: 1KiB",
    status: 422,
    errorType: "execution",
    error: /^result would take about \d+ bytes, more than the limit of 1024: /,
  },
];

Deno.test("limits of queries hold from the next reload on, while scraping and health checks go on", async (t) => {
  await using directory = await temporaryDirectory();
  await using server = await Server.start({
    config: CONFIG,
    storagePath: directory.path,
    args: ["--enable-feature=query-cost", "--web.enable-lifecycle"],
  });
  await server.ready();
  const { "config.file": file } = await server.api("status/flags");
  const config = await Deno.readTextFile(file);
  const reloadWith = async (setting: string) => {
    await Deno.writeTextFile(file, config.replace(INTERVAL, `${INTERVAL}\n  ${setting}`));
    const response = await fetch(`${server.url}/-/reload`, { method: "POST" });
    assert.equal(response.status, 200, await response.text());
  };
  const ask = async () => {
    const endMs = Date.now();
    const params = new URLSearchParams({
      query: 'last_over_time({job="self"}[30s:100ms])',
      start: String(endMs / 1000 - 60),
      end: String(endMs / 1000),
      step: "1",
    });
    const response = await fetch(`${server.url}/api/v1/query_range?${params}`);
    return { code: response.status, ...await response.json() };
  };
  const appended = () => server.metric("prometheus_tsdb_head_samples_appended_total");
  await until(async () => await appended() > 1000, () => server.log);
  assert.equal((await ask()).error, undefined);

  for (const { setting, status, errorType, error } of LIMITS) {
    await t.step(`${setting}: ${status} ${errorType}`, async () => {
      await reloadWith(setting);
      const answer = await ask();
      assert.deepEqual([answer.code, answer.errorType], [status, errorType]);
      assert.match(answer.error, error);
      const healthy = await fetch(`${server.url}/-/healthy`);
      assert.deepEqual([healthy.status, await healthy.text()], [200, "Prometheus Server is Healthy.\n"]);
      const before = await appended();
      await until(async () => await appended() > before, () => server.log, 5000);
      assert.match((await server.api("status/config")).yaml, new RegExp(setting));
    });
  }
  await reloadWith("");
  assert.equal((await ask()).error, undefined);
});
