import assert from "node:assert/strict";
import { Server, temporaryDirectory, until } from "../integration/_server.ts";
import {
  checkHistories,
  checkHolds,
  CountingTargets,
  durableNow,
  failedScrapes,
  historiesOf,
  scrapedMore,
} from "./_counting_targets.ts";

const DEATHS = 3;
const SERIES = 100;

Deno.test("a shard whose worker dies is started anew, with its targets, its data and its share of the limits", async () => {
  await using directory = await temporaryDirectory();
  await using targets = new CountingTargets({ targets: 4, series: SERIES, growth: 0 });
  const file = `${directory.path}/prometheus.yml`;
  await Deno.writeTextFile(file, targets.config(100));
  await using server = await Server.start({
    storagePath: `${directory.path}/data`,
    program: "tests/faults/_mortal_main.ts",
    args: [
      `--config.file=${file}`,
      "--web.enable-lifecycle",
      "--storage.shards=2",
      // Room for one more target, if those that there are count once.
      `--storage.max-active-series=${6 * SERIES}`,
    ],
  });
  await server.ready();
  await scrapedMore(server, 3);
  for (let deaths = 1; deaths <= DEATHS; deaths++) {
    const durable = await durableNow(server);
    server.child.kill("SIGUSR2");
    await until(
      async () => await server.metric("narthex_shard_restarts_total") === deaths,
      () => `the death is not counted:\n${server.log}`,
    );
    await until(async () => (await server.query("up")).size > 0, () => `it does not answer:\n${server.log}`);
    await scrapedMore(server, 3);
    const histories = await historiesOf(server);
    checkHolds(histories, durable);
    checkHistories(histories, targets.options, deaths + await failedScrapes(server));
  }
  // A line per outage, however many queries it left without an answer.
  assert.equal(server.log.match(/level=ERROR/g)?.length, DEATHS, server.log);
  assert.match(server.log, /level=ERROR .*shard died and is started anew.* shard=0 err=.*killed by the test/);

  await Deno.writeTextFile(
    file,
    targets.config(100, `- job_name: late\n  static_configs: [${targets.group("late")}]\n`),
  );
  const reload = await fetch(`${server.url}/-/reload`, { method: "POST" });
  assert.equal(reload.status, 200, await reload.text());
  await until(
    async () => [...(await server.query('count(counted{job="late"})')).values()][0] === SERIES,
    () => `the late target has no room:\n${server.log}`,
    5_000,
  );
  assert.equal(await server.stop(), 0, server.log);
});
