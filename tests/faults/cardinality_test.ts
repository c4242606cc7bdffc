import assert from "node:assert/strict";
import { Server, temporaryDirectory, until } from "../integration/_server.ts";
import {
  checkHistories,
  CountingTargets,
  failedScrapes,
  historiesOf,
  scrapedMore,
} from "./_counting_targets.ts";

const SERIES_MAX = 500;

Deno.test("a target that grows without end is held at the limit, and the log says which label it is", async () => {
  await using data = await temporaryDirectory();
  await using targets = new CountingTargets({ targets: 2, series: 50, growth: 40 });
  await using server = await Server.start({
    storagePath: data.path,
    config: targets.config(100, `- job_name: growing\n  static_configs: [${targets.group("growing")}]\n`),
    args: [`--storage.max-active-series=${SERIES_MAX}`],
  });
  await server.ready();
  await until(
    () => Promise.resolve(/New series refused/.test(server.log)),
    () => `nothing was refused:\n${server.log}`,
  );
  const count = async () => [...(await server.query('count({job="growing"})')).values()][0];
  const held = await count();
  await scrapedMore(server, 10);
  assert.equal(await count(), held);
  assert.ok(await server.metric("prometheus_tsdb_head_series") <= SERIES_MAX);
  assert.deepEqual([...(await server.query("up")).values()], [1, 1, 1]);
  checkHistories(
    await historiesOf(server, 'counted{job="counting"}'),
    targets.options,
    await failedScrapes(server),
  );
  const grown = await historiesOf(server, 'counted{job="growing"}');
  checkHistories(grown, { ...targets.options, targets: 1 }, 0);
  assert.match(
    server.log,
    /level=ERROR .*New series refused.* scrape_pool=growing refused=\d+ grown_label=path/,
  );
});
