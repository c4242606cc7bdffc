import assert from "node:assert/strict";
import type { ScrapePoolSpec } from "../../../server/scrape/spec.ts";
import { SharedSeriesBudget } from "../../../server/shard/series_budget.ts";
import type { SeriesRequest, ShardLimits } from "../../../server/shard/shard.ts";
import { ShardUnavailableError } from "../../../server/shard/shard_unavailable.ts";
import { WorkerShard } from "../../../server/shard/worker_shard.ts";
import { temporaryDirectory, until } from "../../integration/_server.ts";

const LIMITS: ShardLimits = { retentionMs: 1, retentionBytes: 0, outOfOrderWindowMs: 0, exemplarsMax: 0 };
const REQUEST: SeriesRequest = { matcherSets: [], startMs: 0, endMs: 1, limit: 0 };

/** A shard whose worker is the obedient one. */
class Fixture implements AsyncDisposable {
  readonly deaths: string[] = [];
  readonly shard: WorkerShard;
  readonly #worker = globalThis.Worker;

  private constructor(readonly directory: { path: string } & AsyncDisposable) {
    const Original = this.#worker;
    globalThis.Worker = class extends Original {
      constructor(_: string | URL, options?: WorkerOptions) {
        super(new URL("./_obedient_worker.ts", import.meta.url), options);
      }
    };
    this.shard = new WorkerShard({
      number: 0,
      path: `${directory.path}/order`,
      flushIntervalMs: 100,
      limits: LIMITS,
      seriesMax: 0,
      seriesCounts: SharedSeriesBudget.memory(1),
      log: { level: "error", format: "logfmt" },
      version: "1",
    }, (_, error) => void this.deaths.push(error));
  }

  /** @param order Undefined where there is no file, so that the worker is not started. */
  static async start(order?: string): Promise<Fixture> {
    const directory = await temporaryDirectory();
    if (order !== undefined) await Deno.writeTextFile(`${directory.path}/order`, order);
    return new Fixture(directory);
  }

  async order(text: string): Promise<void> {
    await Deno.writeTextFile(`${this.directory.path}/order`, text);
  }

  /** Waits until the shard answers; what it says then. */
  async answer(): Promise<string[]> {
    let names: string[] = [];
    await until(async () => {
      names = await this.shard.labelNames(REQUEST);
      return true;
    }, () => `it does not answer; deaths: ${this.deaths}`);
    return names;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shard.close().catch(() => {});
    globalThis.Worker = this.#worker;
    await this.directory[Symbol.asyncDispose]();
  }
}

function poolOf(jobName: string, ...targets: readonly string[]): ScrapePoolSpec {
  return { jobName, targets: targets.map((url) => ({ url })) } as unknown as ScrapePoolSpec;
}

/** The text of what a call is refused with, which must be that the shard is away for now. */
async function refusal(call: Promise<unknown>): Promise<string> {
  const error = await call.then(() => assert.fail("it answered"), (error: unknown) => error);
  assert.ok(error instanceof ShardUnavailableError, String(error));
  return error.message;
}

const KILLED = /^Shard 0 stopped and is being started anew: .*killed by the test/;

Deno.test("a worker that dies fails the calls under way, is started anew, and is told all again", async () => {
  await using fixture = await Fixture.start("open");
  const { shard, deaths } = fixture;
  await shard.opened();
  await shard.setTargets([poolOf("node", "http://a")]);
  await shard.pauseIngest("no space");
  await shard.setLimits({ ...LIMITS, retentionMs: 7 });
  const underWay = [shard.blocks(), shard.blocks()].map(refusal);
  for (const text of await Promise.all(underWay)) assert.match(text, KILLED);
  assert.match(await refusal(shard.labelNames(REQUEST)), KILLED); // meanwhile
  assert.deepEqual(await fixture.answer(), ["node", "no space", "7"]);
  assert.deepEqual([shard.restarts, deaths.length], [1, 1]);
});

Deno.test("a worker that cannot open its store again is started until it can", async () => {
  await using fixture = await Fixture.start("open");
  const { shard, deaths } = fixture;
  await shard.opened();
  await fixture.order("the disk is gone");
  await refusal(shard.blocks());
  await until(() => Promise.resolve(deaths.length === 3), () => `deaths: ${deaths}`);
  assert.match(deaths[0], /killed by the test/);
  assert.deepEqual(deaths.slice(1), ["the disk is gone", "the disk is gone"]);
  assert.match(await refusal(shard.labelNames(REQUEST)), /^Shard 0 stopped and .* the disk is gone/);
  await fixture.order("open");
  assert.deepEqual(await fixture.answer(), ["", "1"]);
  assert.equal(shard.restarts, deaths.length);
  await refusal(shard.blocks()); // and it is watched over as before
  assert.deepEqual(await fixture.answer(), ["", "1"]);
});

Deno.test("calls that wait for the store to open are refused when it cannot be opened again", async () => {
  await using fixture = await Fixture.start("open");
  const { shard } = fixture;
  await shard.opened();
  await fixture.order("the disk is gone");
  await refusal(shard.blocks());
  for (let tries = 0; tries < 20; tries++) {
    await refusal(shard.labelNames(REQUEST));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
});

Deno.test("at the first start a store that cannot be opened is the owner's affair", async () => {
  await using fixture = await Fixture.start("not a store");
  await assert.rejects(fixture.shard.opened(), /^Error: not a store$/);
  assert.deepEqual([fixture.shard.restarts, fixture.deaths], [0, []]);
});

Deno.test("a shard that is closed is not started again", async () => {
  await using fixture = await Fixture.start("open");
  const { shard, deaths } = fixture;
  await shard.opened();
  await refusal(shard.blocks());
  await shard.close().catch(() => {}); // before it was started anew
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.equal(deaths.length, 1);
  await refusal(shard.labelNames(REQUEST));
});

Deno.test("there is no worker without data and targets, and answers are those of an empty shard", async () => {
  await using fixture = await Fixture.start();
  const { shard } = fixture;
  await shard.setTargets([poolOf("node")]);
  await shard.opened();
  assert.deepEqual([await shard.labelNames(REQUEST), await shard.blocks()], [[], []]);
  await shard.pauseIngest("no space");
  const { ready, storage, detail } = await shard.health();
  assert.deepEqual({ ready, storage, detail }, { ready: true, storage: "full", detail: "no space" });
  assert.equal(shard.isStarted, false);
  assert.equal((await Deno.stat(`${fixture.directory.path}/order`)).size, 0);
  await shard.close();
  await shard.setTargets([poolOf("node", "http://a")]);
  assert.equal(shard.isStarted, false);
});

Deno.test("an empty file is no data, any other starts the worker", async () => {
  await using empty = await Fixture.start("");
  assert.equal(empty.shard.isStarted, false);
  await using full = await Fixture.start("open");
  assert.equal(full.shard.isStarted, true);
});

Deno.test("the first target starts the worker, which is told all", async () => {
  await using fixture = await Fixture.start();
  const { shard } = fixture;
  await shard.opened();
  await shard.pauseIngest("no space");
  await shard.setLimits({ ...LIMITS, retentionMs: 7 });
  await fixture.order("open");
  await shard.setTargets([poolOf("none"), poolOf("node", "http://a")]);
  assert.equal(shard.isStarted, true);
  assert.deepEqual(await shard.labelNames(REQUEST), ["none", "node", "no space", "7"]);
  await shard.setTargets([]);
  assert.deepEqual(await shard.labelNames(REQUEST), ["no space", "7"]);
  await refusal(shard.blocks()); // and it is watched over
  assert.deepEqual(await fixture.answer(), ["no space", "7"]);
});

Deno.test("a worker that is started later and cannot open its store is started until it can", async () => {
  await using fixture = await Fixture.start();
  const { shard, deaths } = fixture;
  await shard.opened();
  await fixture.order("the disk is gone");
  await shard.setTargets([poolOf("node", "http://a")]);
  await refusal(shard.labelNames(REQUEST));
  await until(() => Promise.resolve(deaths.length >= 2), () => `deaths: ${deaths}`);
  await fixture.order("open");
  assert.deepEqual(await fixture.answer(), ["node", "", "1"]);
});

Deno.test("a worker that is started before the owner asked whether it is open is the owner's affair", async () => {
  await using fixture = await Fixture.start();
  await fixture.order("not a store");
  await fixture.shard.setTargets([poolOf("node", "http://a")]);
  await assert.rejects(fixture.shard.opened(), /^Error: not a store$/);
  assert.deepEqual([fixture.shard.restarts, fixture.deaths], [0, []]);
});
