import assert from "node:assert/strict";
import { freePort, Server, temporaryDirectory, until } from "../integration/_server.ts";

Deno.test("series of a target that goes away end at once, and go on when it is back", async () => {
  await using data = await temporaryDirectory();
  const port = freePort();
  const appear = () =>
    Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, () => new Response("present 1\n"));
  await using server = await Server.start({
    storagePath: data.path,
    config: `
global: {scrape_interval: 200ms, scrape_timeout: 200ms}
scrape_configs:
- {job_name: fickle, static_configs: [{targets: ["127.0.0.1:${port}"]}]}
`,
  });
  await server.ready();
  const up = async () => [...(await server.query("up")).values()][0];
  const error = async () => (await server.api("targets")).activeTargets[0].lastError;
  for (let round = 0; round < 2; round++) {
    const target = appear();
    await until(async () => await up() === 1, () => `the target is not up:\n${server.log}`);
    assert.equal((await server.query("present")).size, 1);
    assert.equal(await error(), "");
    await target.shutdown();
    await until(async () => await up() === 0, () => `the target is not down:\n${server.log}`);
    assert.equal((await server.query("present")).size, 0, "the series is not stale");
    assert.match(await error(), /connection refused|connection reset|EOF/);
  }
});
