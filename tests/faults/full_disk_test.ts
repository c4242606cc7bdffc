import assert from "node:assert/strict";
import { join } from "node:path";
import { Server, until } from "../integration/_server.ts";
import { tmpfsTest, withTmpfs } from "../server/storage/_tmpfs.ts";
import {
  checkHistories,
  checkHolds,
  CountingTargets,
  durableNow,
  failedScrapes,
  historiesOf,
  type Period,
  scrapedMore,
} from "./_counting_targets.ts";

tmpfsTest(
  "a full disk stops ingestion only, also over a restart, and it goes on once there is space",
  async () => {
    await using targets = new CountingTargets({ targets: 2, series: 200 });
    await withTmpfs("size=64m", async (path) => {
      const options = {
        storagePath: join(path, "data"),
        config: targets.config(100),
        args: ["--storage.shards=2", "--storage.flush-interval=50ms"],
      };
      const filler = join(path, "filler");
      const troubles: Period[] = [];
      let durable, startMs = 0;
      {
        await using server = await Server.start(options);
        await server.ready();
        await scrapedMore(server, 5);
        durable = await durableNow(server);
        startMs = Date.now();
        await fillDisk(filler);
        await until(
          async () => await server.metric("narthex_storage_full") === 1,
          () => `the disk is not seen to be full:\n${server.log}`,
        );
        assert.match(await readiness(server), /^200 .*disk is full.*free some space/s);
        assert.match(server.log, /level=ERROR .*[Dd]isk is full/);
        const before = await historiesOf(server);
        checkHolds(before, durable);
        checkHistories(before, targets.options, await failedScrapes(server), [{ startMs, endMs: Infinity }]);

        await Deno.remove(filler);
        await until(
          async () => await server.metric("narthex_storage_full") === 0,
          () => `the space is not seen:\n${server.log}`,
        );
        troubles.push({ startMs, endMs: Date.now() });
        await scrapedMore(server, 5);
        assert.match(await readiness(server), /^200 Prometheus Server is Ready.\n$/);
        assert.match(server.log, /level=INFO .*ingestion goes on/);
        durable = await durableNow(server);
        startMs = Date.now();
        await fillDisk(filler);
        await until(
          async () => /disk is full/.test(await readiness(server)),
          () => `the disk is not seen to be full:\n${server.log}`,
        );
        await server.stop("SIGKILL");
      }
      await using server = await Server.start(options);
      await server.ready();
      const onFullDisk = await historiesOf(server);
      checkHolds(onFullDisk, durable);
      await Deno.remove(filler);
      await until(async () => /Ready.\n$/.test(await readiness(server)), () => server.log);
      troubles.push({ startMs, endMs: Date.now() });
      await scrapedMore(server, 5);
      const after = await historiesOf(server);
      checkHolds(after, durable);
      checkHistories(after, targets.options, await failedScrapes(server), troubles);
      assert.equal(await server.stop(), 0, server.log);
    });
  },
);

/** Status and text of the readiness page. */
async function readiness(server: Server): Promise<string> {
  const response = await fetch(`${server.url}/-/ready`);
  return `${response.status} ${await response.text()}`;
}

/** Writes until nothing more fits. */
async function fillDisk(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  for (const piece of [new Uint8Array(1 << 20), new Uint8Array(4096)]) {
    try {
      for (;;) await file.write(piece);
    } catch (error) {
      if (!/os error 28/.test(String(error))) throw error;
    }
  }
}
