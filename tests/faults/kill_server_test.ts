import assert from "node:assert/strict";
import { Server, temporaryDirectory } from "../integration/_server.ts";
import {
  checkHistories,
  checkHolds,
  CountingTargets,
  durableNow,
  failedScrapes,
  historiesOf,
  type Newest,
  scrapedMore,
} from "./_counting_targets.ts";
import { KILL_ROUNDS, randomMs, sleep } from "./_kill_rounds.ts";

const INTERVAL_MS = 100;

Deno.test(`a server that is killed ${KILL_ROUNDS} times under load loses nothing committed`, async () => {
  await using data = await temporaryDirectory();
  await using targets = new CountingTargets({ targets: 4, series: 200 });
  const durable: Newest[] = [];
  let deletedMs = 0, flushes = 0;
  for (let round = 0; round <= KILL_ROUNDS; round++) {
    await using server = await Server.start({
      storagePath: data.path,
      config: targets.config(INTERVAL_MS),
      args: ["--storage.shards=2", "--storage.flush-interval=50ms", "--web.enable-admin-api"],
    });
    await server.ready();
    await scrapedMore(server, 1);
    const histories = await historiesOf(server);
    checkHistories(histories, targets.options, round + await failedScrapes(server));
    for (const newest of durable) checkHolds(histories, newest);
    for (const [target, samples] of (await historiesOf(server, "victim"))) {
      const timeMs = samples.get(NaN)![0][0];
      assert.ok(
        timeMs > deletedMs,
        `target ${target}: the sample at ${timeMs} was deleted until ${deletedMs}`,
      );
    }
    assert.equal(await server.metric("prometheus_tsdb_wal_corruptions_total"), 0, server.log);
    if (round === KILL_ROUNDS) break;

    let alive = true;
    const observe = async () => {
      while (alive) durable.push(await durableNow(server));
    };
    // Deletions that are cleaned make the head flush and blocks be rewritten all the time.
    const disturb = async () => {
      while (alive) {
        const until = Date.now() - 2 * INTERVAL_MS; // scrapes that are under way are not meant
        await server.post("admin/tsdb/delete_series", { "match[]": "victim", end: String(until / 1000) });
        deletedMs = until;
        await server.post("admin/tsdb/clean_tombstones");
        flushes = Math.max(flushes, await server.metric("narthex_tsdb_flushes_total"));
      }
    };
    const loops = [observe(), disturb()].map((loop) => loop.catch((error) => assert.ok(!alive, error)));
    await sleep(randomMs(100, 900));
    alive = false;
    await server.stop("SIGKILL");
    await Promise.all(loops);
  }
  assert.ok(
    durable.length >= KILL_ROUNDS && flushes > 0,
    `${durable.length} observations, ${flushes} flushes`,
  );
});
