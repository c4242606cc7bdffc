import assert from "node:assert/strict";
import { join } from "node:path";
import { run, Server, temporaryDirectory, until } from "../integration/_server.ts";
import {
  checkHistories,
  CountingTargets,
  durableNow,
  failedScrapes,
  type Histories,
  historiesOf,
  scrapedMore,
} from "./_counting_targets.ts";

const INTERVAL_MS = 100;

Deno.test("SIGTERM under load loses nothing that was read before", async () => {
  await using data = await temporaryDirectory();
  await using targets = new CountingTargets({ targets: 4, series: 200 });
  const options = {
    storagePath: data.path,
    config: targets.config(INTERVAL_MS),
    args: ["--storage.shards=2"],
  };
  let before: Histories = new Map();
  for (let round = 0; round < 3; round++) {
    await using server = await Server.start(options);
    await server.ready();
    await scrapedMore(server, 3);
    const now = await historiesOf(server);
    checkHistories(now, targets.options, round + await failedScrapes(server));
    checkContains(now, before);
    before = await historiesOf(server);
    assert.equal(await server.stop(), 0, server.log);
  }
});

Deno.test("the backup of a running server, restored, gives the same answers", async () => {
  await using directory = await temporaryDirectory();
  await using targets = new CountingTargets({ targets: 2, series: 200 });
  const restored = join(directory.path, "restored"), copy = join(directory.path, "copy");
  await using server = await Server.start({
    storagePath: join(directory.path, "data"),
    config: targets.config(INTERVAL_MS),
    args: ["--storage.shards=2", "--web.enable-admin-api"],
  });
  await server.ready();
  await scrapedMore(server, 10);
  await server.post("admin/tsdb/delete_series", { "match[]": 'counted{s="1"}' });
  await server.post("admin/tsdb/clean_tombstones");
  await scrapedMore(server, 5);
  const newest = await durableNow(server);
  const seconds = Math.min(...[...newest.values()].map(([timeMs]) => timeMs)) / 1000;

  const backup = await run("backup", `--url=${server.url}`, copy);
  assert.equal(backup.code, 0, backup.output);
  const restore = await run("restore", `--storage.path=${restored}`, copy);
  assert.equal(restore.code, 0, restore.output);
  await using second = await Server.start({ storagePath: restored, config: "scrape_configs: []\n" });
  await second.ready();
  const asked = { query: "counted", start: String(seconds - 5), end: String(seconds), step: "100ms" };
  const bySeries = async (one: Server) => {
    const { result } = await one.api("query_range", asked) as { result: { metric: object }[] };
    return new Map(result.map((series) => [JSON.stringify(series.metric), series]));
  };
  const answer = await bySeries(server);
  assert.equal(answer.size, 400);
  assert.deepEqual(await bySeries(second), answer);
  assert.deepEqual(
    await second.query("count_over_time(counted[1d])", seconds),
    await server.query("count_over_time(counted[1d])", seconds),
  );
});

Deno.test("reloads under load lose no scrape of targets that stay", async () => {
  await using directory = await temporaryDirectory();
  await using targets = new CountingTargets({ targets: 4, series: 100, growth: 0 });
  const file = join(directory.path, "prometheus.yml");
  const config = (jobs: string[]) =>
    targets.config(
      INTERVAL_MS,
      jobs.map((job) => `- job_name: ${job}\n  static_configs: [${targets.group(job)}]\n`).join(""),
    );
  await Deno.writeTextFile(file, config([]));
  await using server = await Server.start({
    storagePath: join(directory.path, "data"),
    args: ["--storage.shards=2", `--config.file=${file}`, "--web.enable-lifecycle"],
  });
  await server.ready();
  await scrapedMore(server, 2);
  for (let i = 0; i < 10; i++) {
    await Deno.writeTextFile(file, config(Array.from({ length: i % 3 }, (_, j) => `extra${i}_${j}`)));
    const response = await fetch(`${server.url}/-/reload`, { method: "POST" });
    assert.equal(response.status, 200, await response.text());
    await scrapedMore(server, 1);
  }
  await Deno.writeTextFile(file, config(["last"]));
  server.child.kill("SIGHUP");
  await until(async () => (await server.query('up{job="last"} == 1')).size === 1, () => server.log);
  checkHistories(
    await historiesOf(server, 'counted{job="counting"}'),
    targets.options,
    await failedScrapes(server),
  );
});

function checkContains(now: Histories, before: Histories): void {
  for (const [target, all] of before) {
    for (const [s, samples] of all) {
      assert.deepEqual(
        now.get(target)!.get(s)!.slice(0, samples.length),
        samples,
        `series ${s} of target ${target}`,
      );
    }
  }
}
