import assert from "node:assert/strict";
import { Matcher } from "../../../engine/labels/matcher.ts";
import type { Database } from "../../../engine/tsdb/database.ts";
import type { BodyRequest } from "../../../server/scrape/http_fetcher.ts";
import { FakeFetcher, INTERVAL_MS, openDatabase, poolOf, Scene, settle, targetOf } from "./_fakes.ts";

const A = targetOf({ id: "000000000000000a", url: "http://a/", labels: ["instance", "a", "job", "j"] });
const B = targetOf({
  id: "000000000000000b",
  url: "http://b/",
  labels: ["instance", "b", "job", "j"],
  offsetMs: 5000,
});

const encoder = new TextEncoder();

/** A counter that tells how often the target was scraped. */
function counting() {
  const scrapes = new Map<string, number>();
  return ({ url }: BodyRequest) => {
    scrapes.set(url, (scrapes.get(url) ?? 0) + 1);
    return `n ${scrapes.get(url)}\n`;
  };
}

Deno.test("targets are scraped at their own offsets", async () => {
  const scene = await Scene.open();
  scene.fetcher.answer = counting();
  scene.manager.setTargets([poolOf({ targets: [A, B] })]);
  await scene.clock.advance(21_000);
  assert.deepEqual(await scene.samples(), {
    'n{instance="a"}': "1@0 2@10 3@20",
    'n{instance="b"}': "1@5 2@15",
  });
  assert.deepEqual(
    scene.manager.status().map((
      { id, health, lastScrapeMs, metadata },
    ) => [id, health, lastScrapeMs % 100_000, metadata]),
    [
      [A.id, "up", 20_000, []],
      [B.id, "up", 15_000, []],
    ],
  );
  await scene.manager.stop();
});

Deno.test("ticks that the process missed are skipped", async () => {
  const scene = await Scene.open();
  scene.fetcher.answer = counting();
  scene.manager.setTargets([poolOf({ targets: [A] })]);
  await scene.clock.advance(1000);
  scene.clock.jump(34_000);
  await scene.clock.advance(20_000);
  // One scrape when the timer ran late, then on the grid again.
  assert.deepEqual(await scene.samples(), { 'n{instance="a"}': "1@0 2@35 3@40 4@50" });
  await scene.manager.stop();
});

Deno.test("a reload does not disturb targets that stay", async () => {
  const scene = await Scene.open();
  scene.fetcher.answer = counting();
  scene.manager.setTargets([poolOf({ targets: [A] })]);
  await scene.clock.advance(9_999);
  scene.manager.setTargets([poolOf({ targets: [A, B] })]);
  await scene.clock.advance(10_001);
  assert.deepEqual(await scene.samples(), { 'n{instance="a"}': "1@0 2@10 3@20", 'n{instance="b"}': "1@15" });
  assert.equal(scene.fetcher.isClosed, false);
  await scene.manager.stop();
});

Deno.test("changed settings take effect without markers for series that persist", async () => {
  const scene = await Scene.open();
  scene.fetcher.answer = "a 1\nb 1\n";
  scene.manager.setTargets([poolOf()]);
  await scene.clock.advance(5000);
  const metricRelabelConfigs = [{ sourceLabels: ["__name__"], regex: "b", action: "drop" }];
  scene.manager.setTargets([poolOf({ metricRelabelConfigs })]);
  assert.equal(scene.manager.status()[0].health, "up");
  await scene.clock.advance(10_000);
  assert.deepEqual(await scene.samples(), { a: "1@0 1@10", b: "1@0 S@10" });
  await scene.manager.stop();
});

Deno.test("a changed client is used and the old one closed", async () => {
  const fetchers: FakeFetcher[] = [];
  const createFetcher = () => {
    const fetcher = new FakeFetcher();
    fetchers.push(fetcher);
    return fetcher;
  };
  const scene = await Scene.open({ createFetcher });
  const pool = poolOf();
  scene.manager.setTargets([pool]);
  scene.manager.setTargets([poolOf({ sampleLimit: 3 })]);
  assert.equal(fetchers.length, 1);
  scene.manager.setTargets([poolOf({ http: { ...pool.http, bearerToken: "x" } })]);
  await settle();
  assert.deepEqual(fetchers.map(({ isClosed }) => isClosed), [true, false]);
  await scene.manager.stop();
  assert.deepEqual(fetchers.map(({ isClosed }) => isClosed), [true, true]);
});

for (const [what, without] of [["target", [poolOf({ targets: [] })]], ["pool", []]] as const) {
  Deno.test(`a ${what} that is gone gets markers at the first missed tick, after two ticks`, async () => {
    const scene = await Scene.open();
    scene.fetcher.answer = "a 1\n";
    scene.manager.setTargets([poolOf()]);
    await scene.clock.advance(12_000);
    scene.manager.setTargets(without);
    assert.deepEqual(scene.manager.status(), []);
    await scene.clock.advance(18_900);
    assert.deepEqual(await scene.samples(), { a: "1@0 1@10" });
    await scene.clock.advance(200);
    assert.deepEqual(await scene.samples(/^(a|up)$/), { a: "1@0 1@10 S@20", up: "1@0 1@10 S@20" });
    await scene.manager.stop();
  });
}

Deno.test("a target that comes back in time gets no markers", async () => {
  const scene = await Scene.open();
  scene.fetcher.answer = "a 1\n";
  scene.manager.setTargets([poolOf()]);
  await scene.clock.advance(12_000);
  scene.manager.setTargets([]);
  await scene.clock.advance(16_000);
  scene.manager.setTargets([poolOf()]);
  await scene.clock.advance(22_000);
  assert.deepEqual(await scene.samples(), { a: "1@0 1@10 1@30 1@40 1@50" });
  await scene.manager.stop();
});

Deno.test("a target that was never scraped gets no markers", async () => {
  const scene = await Scene.open();
  scene.manager.setTargets([poolOf({ targets: [B] })]);
  scene.manager.setTargets([]);
  await scene.clock.advance(60_000);
  assert.deepEqual(await scene.samples(/./), {});
  await scene.manager.stop();
});

Deno.test("stopping writes no markers and aborts what is under way", async () => {
  const scene = await Scene.open();
  await scene.scrape(poolOf(), "a 1\n");
  scene.fetcher.answer = "hang";
  await scene.clock.advance(INTERVAL_MS);
  await scene.manager.stop();
  await scene.clock.advance(60_000);
  assert.deepEqual(await scene.samples(), { a: "1@0" });
});

Deno.test("scrapes before the database is open are applied in order", async () => {
  const ready = Promise.withResolvers<Database>();
  const scene = await Scene.open({ ready: ready.promise });
  await scene.scrape(poolOf(), "a 1\nb 1\n", new Error("no"), "a 3\nb 3\n", "a 4\n}{");
  assert.equal(scene.manager.status()[0].health, "up");
  ready.resolve(scene.database);
  await scene.clock.advance(0);
  assert.equal(scene.manager.status()[0].health, "down");
  await scene.clock.advance(INTERVAL_MS);
  assert.deepEqual(await scene.samples(/^(a|b|up)$/), {
    a: "1@0 S@10 3@20 S@30",
    b: "1@0 S@10 3@20 S@30",
    up: "1@0 0@10 1@20 0@30 0@40",
  });
  await scene.manager.stop();
});

Deno.test("what waits for the database is bounded: the oldest gives way", async () => {
  const ready = Promise.withResolvers<Database>();
  const scene = await Scene.open({ ready: ready.promise, heldBytesMax: 2 * (512 + 4) });
  await scene.scrape(poolOf(), "a 1\n", "a 2\n", "a 3\n", "a 4\n");
  ready.resolve(scene.database);
  await scene.clock.advance(0);
  assert.deepEqual(await scene.samples(), { a: "3@20 4@30" });
  assert.equal(scene.count("narthex_scrape_held_dropped_total"), 2);
  await scene.manager.stop();
});

Deno.test("a scrape that ends as the database opens is not lost, whenever that is", async () => {
  for (let turns = 0; turns < 12; turns++) {
    const ready = Promise.withResolvers<Database>(), received = Promise.withResolvers<void>();
    const pause = () => {
      const wait = async () => {
        for (let i = 0; i < turns; i++) await Promise.resolve();
        received.resolve();
      };
      wait();
      return Promise.resolve();
    };
    const scene = await Scene.open({ ready: ready.promise, pause });
    scene.fetcher.fetch = ({ url }, receiver) => {
      receiver.begin("text/plain");
      receiver.chunk(encoder.encode("a 1\n"));
      return url === A.url ? Promise.resolve() : received.promise;
    };
    scene.manager.setTargets([poolOf({ targets: [A, { ...B, offsetMs: 0 }] })]);
    await scene.clock.advance(0);
    ready.resolve(scene.database);
    await scene.clock.advance(0);
    const want = { 'a{instance="a"}': "1@0", 'a{instance="b"}': "1@0" };
    assert.deepEqual(await scene.samples(), want, `${turns} turns`);
    await scene.manager.stop();
  }
});

Deno.test("a body without an end is cut off before the database is open, and others go on", async () => {
  const ready = Promise.withResolvers<Database>();
  const scene = await Scene.open({ ready: ready.promise, heldBytesMax: 20_000 });
  let sent = 0;
  scene.fetcher.fetch = ({ url }, receiver) => {
    receiver.begin("text/plain");
    if (url === A.url) receiver.chunk(encoder.encode("a 1\n"));
    else while (sent < 1e6) receiver.chunk(encoder.encode("a 1\n".repeat(sent += 100)));
    return Promise.resolve();
  };
  const endless = { ...B, offsetMs: 0 };
  scene.manager.setTargets([poolOf({ targets: [A, endless] })]);
  await scene.clock.advance(2 * INTERVAL_MS);
  assert.ok(sent < 10_000, `${sent} lines were taken`);
  assert.deepEqual(scene.manager.status().map(({ health }) => health), ["up", "down"]);
  assert.match(scene.manager.status()[1].lastError, /^scrape given up: .* may take at most 10000 bytes: /);
  assert.equal(scene.count("narthex_scrape_held_dropped_total"), 3);
  ready.resolve(scene.database);
  await scene.clock.advance(0);
  assert.deepEqual(await scene.samples(/^(a|up)$/), {
    'a{instance="a"}': "1@0 1@10 1@20",
    'up{instance="a"}': "1@0 1@10 1@20",
  });
  await scene.manager.stop();
});

Deno.test("failures are handed to the log of the pool", async () => {
  const logged: unknown[] = [];
  const scene = await Scene.open({
    logFailure: (file, { error, url }) => void logged.push([file, url, error]),
  });
  await scene.scrape(poolOf({ scrapeFailureLogFile: "/f" }), "a 1\n", new Error("no"));
  assert.deepEqual(logged, [["/f", "http://host:80/metrics", "no"]]);
  await scene.manager.stop();
});

Deno.test("metadata of targets are shown and counted", async () => {
  const scene = await Scene.open();
  await scene.scrape(poolOf(), "# HELP a Things.\n# TYPE a gauge\na 1\n");
  assert.deepEqual(scene.manager.status()[0].metadata, [{
    family: "a",
    type: "gauge",
    help: "Things.",
    unit: "",
  }]);
  assert.equal(scene.count("prometheus_target_metadata_cache_entries", { scrape_job: "j" }), 1);
  await scene.manager.stop();
});

Deno.test("series of two targets with the same identity in different jobs are kept apart", async () => {
  const scene = await Scene.open();
  scene.fetcher.answer = "a 1\n";
  const same = targetOf();
  scene.manager.setTargets([poolOf({ targets: [same] }), poolOf({ jobName: "k", targets: [same] })]);
  await scene.clock.advance(0);
  assert.equal(scene.manager.status().length, 2);
  assert.deepEqual(await scene.samples(), { a: "1@0" });
  await scene.manager.stop();
});

Deno.test("a replayed group goes on where it was", async () => {
  const database = await openDatabase();
  const scene = await Scene.open({ ready: Promise.resolve(database) });
  await scene.scrape(poolOf(), "a 1\nb 1\n");
  await scene.manager.stop();
  const again = await Scene.open({ ready: Promise.resolve(database) });
  await again.clock.advance(INTERVAL_MS);
  again.fetcher.answer = "a 2\n";
  again.manager.setTargets([poolOf()]);
  await again.clock.advance(0);
  assert.equal(database.head.groups.size, 1);
  const group = database.group(`scrape/j/${targetOf().id}`);
  assert.equal(group.slotCount, 7);
  await again.manager.stop();
  const [added] = await database.select({
    matchers: [new Matcher("=", "__name__", "scrape_series_added")],
    startMs: 0,
    endMs: Infinity,
  });
  assert.deepEqual([...added.values], [2, 1], "a process begins with no series");
});

Deno.test("samples of one time count as duplicates where their values differ, and only new ones are stored", async () => {
  const scene = await Scene.open();
  await scene.scrape(poolOf(), "a 1\nb 1\nd NaN\n");
  scene.fetcher.answer = "a 1\nb 2\nc 5\nd NaN\n";
  scene.manager.setTargets([poolOf({ honorLabels: true })]);
  await scene.clock.advance(0);
  assert.deepEqual(await scene.samples(), { a: "1@0", b: "1@0", c: "5@0", d: "NaN@0" });
  assert.equal(scene.count("prometheus_target_scrapes_sample_duplicate_timestamp_total"), 1);
  assert.equal(scene.count("prometheus_target_scrapes_sample_out_of_order_total"), 0);
  await scene.manager.stop();
});
