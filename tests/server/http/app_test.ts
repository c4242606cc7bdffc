import assert from "node:assert/strict";
import { gunzipSync, inflateSync } from "node:zlib";
import { Registry } from "../../../engine/instrument/mod.ts";
import { fake, HEALTHY, TARGET } from "./_fake_deps.ts";

Deno.test("management routes answer in upstream's words", async () => {
  const { app, calls } = fake();
  const table: readonly [method: string, path: string, status: number, body: string][] = [
    ["GET", "/-/healthy", 200, "Prometheus Server is Healthy.\n"],
    ["HEAD", "/-/healthy", 200, ""],
    ["GET", "/-/ready", 200, "Prometheus Server is Ready.\n"],
    ["HEAD", "/-/ready", 200, ""],
    ["GET", "/-/reload", 405, "Only POST or PUT requests allowed"],
    ["GET", "/-/quit", 405, "Only POST or PUT requests allowed"],
    ["POST", "/-/reload", 200, ""],
    ["PUT", "/-/quit", 200, "Requesting termination... Goodbye!"],
    ["GET", "/nothing", 404, "404 page not found\n"],
    ["GET", "/api/v1/nothing", 404, "404 page not found\n"],
    ["DELETE", "/api/v1/query", 405, "Method Not Allowed\n"],
    ["POST", "/api/v1/label/job/values", 405, "Method Not Allowed\n"],
    ["GET", "/api/v1/admin/tsdb/snapshot", 405, "Method Not Allowed\n"],
  ];
  for (const [method, path, status, body] of table) {
    const response = await app.request(path, { method });
    assert.deepEqual([method, path, response.status, await response.text()], [method, path, status, body]);
  }
  assert.deepEqual(calls.map(([what]) => what), ["reload", "quit"]);
});

Deno.test("without the lifecycle flag, reload and quit are forbidden", async () => {
  const { post, calls } = fake({ options: { isLifecycleEnabled: false } });
  for (const path of ["/-/reload", "/-/quit"]) {
    const response = await post(path);
    assert.deepEqual([response.status, await response.text()], [403, "Lifecycle API is not enabled."]);
  }
  assert.deepEqual(calls, []);
});

Deno.test("a reload that fails says why", async () => {
  const { post } = fake({
    configuration: {
      current: () => assert.fail(),
      reload: () => Promise.reject(new Error("line 3 is wrong")),
    },
  });
  const response = await post("/-/reload");
  assert.equal(response.status, 500);
  assert.match(await response.text(), /^failed to reload config: line 3 is wrong/);
});

Deno.test("readiness tells about storage without changing the status", async () => {
  const health = () =>
    Promise.resolve([HEALTHY, { ...HEALTHY, storage: "full" as const, detail: "no space left" }]);
  const server = fake({ shards: { health } });
  const ready = await server.get("/-/ready");
  assert.equal(ready.status, 200);
  assert.equal(await ready.text(), "Prometheus Server is Ready.\nstorage of shard 1: full: no space left\n");
  server.state = "starting";
  const starting = await server.get("/-/ready");
  assert.equal(starting.status, 503);
  assert.match(await starting.text(), /^Service Unavailable\nstorage of shard 1: full/);
});

Deno.test("while starting and stopping only some routes answer", async () => {
  const server = fake();
  for (const [state, stopping] of [["starting", "false"], ["stopping", "true"]] as const) {
    server.state = state;
    for (const path of ["/api/v1/query?query=1", "/api/v1/status/config", "/-/ready"]) {
      const response = await server.get(path);
      assert.equal(response.status, 503, path);
      assert.equal(response.headers.get("X-Prometheus-Stopping"), stopping);
      assert.equal(await response.text(), "Service Unavailable");
    }
    for (const path of ["/-/healthy", "/metrics", "/version", "/api/v1/status/walreplay", "/"]) {
      assert.equal((await server.get(path)).status, 200, path);
    }
  }
});

Deno.test("CORS: any origin by default, an echo of allowed ones otherwise, 204 for OPTIONS", async () => {
  const any = await fake().get("/api/v1/labels", { Origin: "http://a.example" });
  assert.equal(any.headers.get("Access-Control-Allow-Origin"), "*");
  assert.equal(any.headers.get("Access-Control-Allow-Methods"), "GET, POST, OPTIONS");
  assert.match(any.headers.get("Vary")!, /Origin/);

  const { get, app } = fake({ options: { corsOrigin: "https?://(a|b)\\.example" } });
  const allowed = await get("/api/v1/labels", { Origin: "http://a.example" });
  assert.equal(allowed.headers.get("Access-Control-Allow-Origin"), "http://a.example");
  const refused = await get("/api/v1/labels", { Origin: "http://a.example.org" });
  assert.equal(refused.headers.get("Access-Control-Allow-Origin"), null);
  const without = await get("/api/v1/labels");
  assert.equal(without.headers.get("Access-Control-Allow-Headers"), null);
  for (const path of ["/api/v1/query", "/api/v1/anything/at/all"]) {
    const options = await app.request(path, { method: "OPTIONS", headers: { Origin: "http://b.example" } });
    assert.deepEqual([options.status, await options.text()], [204, ""]);
    assert.equal(options.headers.get("Access-Control-Allow-Origin"), "http://b.example");
  }
});

Deno.test("answers are compressed in the first encoding that both know", async () => {
  const names = Array.from({ length: 40_000 }, (_, i) => `label_${String(i).padStart(6, "0")}`);
  const { get } = fake({ shards: { labelNames: () => Promise.resolve(names) } });
  const expected = { status: "success", data: names };
  const unpack: Record<string, (bytes: Uint8Array) => Uint8Array> = {
    gzip: gunzipSync,
    deflate: inflateSync,
  };
  for (const [accept, encoding] of [["br, gzip;q=1, deflate", "deflate"], ["gzip, deflate", "gzip"]]) {
    const response = await get("/api/v1/labels", { "Accept-Encoding": accept });
    assert.equal(response.headers.get("Content-Encoding"), encoding);
    assert.match(response.headers.get("Vary")!, /Accept-Encoding/);
    const bytes = unpack[encoding](new Uint8Array(await response.arrayBuffer()));
    assert.deepEqual(JSON.parse(new TextDecoder().decode(bytes)), expected);
  }
  const plain = await get("/api/v1/labels", { "Accept-Encoding": "br" });
  assert.equal(plain.headers.get("Content-Encoding"), null);
  assert.deepEqual(await plain.json(), expected);
  const short = await get("/-/healthy", { "Accept-Encoding": "gzip" });
  assert.equal(short.headers.get("Content-Encoding"), null);
});

Deno.test("all routes move below the route prefix", async () => {
  const externalUrl = new URL("https://example.org/prom");
  const { get } = fake({ options: { routePrefix: "/prom", externalUrl } });
  const root = await get("/");
  assert.deepEqual([root.status, root.headers.get("Location")], [302, "/prom/"]);
  for (const path of ["/prom/", "/prom", "/prom/api/v1/labels", "/prom/-/healthy", "/prom/metrics"]) {
    assert.equal((await get(path)).status, 200, path);
  }
  assert.equal((await get("/api/v1/labels")).status, 404);
  const pages = [
    "graph?g0.expr=up&g0.tab=1",
    "query",
    "alerts",
    "targets",
    "rules",
    "status",
    "config",
    "flags",
  ];
  for (const path of pages) {
    const { status, headers } = await get(`/prom/${path}`);
    assert.deepEqual([path, status, headers.get("Location")], [path, 302, "/prom/"]);
  }
  assert.match(await (await get("/prom/")).text(), /href="\/prom\/api\/v1\/targets"/);
});

Deno.test("the page at / shows the state and escapes what others wrote", async () => {
  const { get } = fake({
    targets: {
      active: () =>
        Promise.resolve([{ ...TARGET, health: "down" as const, lastError: "<script>alert(1)</script>" }]),
      dropped: () => [],
      droppedCounts: () => ({}),
    },
  });
  const response = await get("/");
  assert.match(response.headers.get("Content-Type")!, /^text\/html/);
  const page = await response.text();
  assert.match(page, /<title>Test &lt;server&gt;<\/title>/);
  assert.match(page, /&lt;script&gt;alert\(1\)/);
  assert.doesNotMatch(page, /<script/);
  assert.doesNotMatch(page, /\\n/);
  assert.match(page, /0 of 1/);
  assert.match(page, /Version r\./);
  assert.match(page, /1 h 0 min/);
});

Deno.test("/metrics speaks text unless asked for OpenMetrics, and counts requests", async () => {
  const shard = new Registry({ now: () => 0 });
  shard.counter({ name: "shard_things_total", help: "Things." }).inc(3);
  const families = shard.gather();
  const { get } = fake({
    shards: {
      metrics: () => Promise.resolve([families, families]),
      labelNames: () => Promise.resolve([]),
    },
  });
  await get("/api/v1/labels");
  await get("/api/v1/labels?limit=x");
  const text = await get("/metrics");
  assert.match(text.headers.get("Content-Type")!, /^text\/plain; version=0\.0\.4/);
  const body = await text.text();
  assert.match(body, /^prometheus_http_requests_total\{code="200",handler="\/api\/v1\/labels"\} 1$/m);
  assert.match(body, /^prometheus_http_requests_total\{code="400",handler="\/api\/v1\/labels"\} 1$/m);
  assert.match(
    body,
    /^prometheus_http_requests_total\{code="200",handler="\/api\/v1\/label\/:name\/values"\} 0$/m,
  );
  assert.match(body, /^prometheus_http_request_duration_seconds_count\{handler="\/api\/v1\/labels"\} 2$/m);
  assert.match(
    body,
    /^prometheus_http_response_size_bytes_bucket\{handler="\/api\/v1\/labels",le="1000"\} 2$/m,
  );
  assert.match(body, /^prometheus_ready 1$/m);
  assert.match(body, /^shard_things_total 6$/m);
  const open = await get("/metrics", { Accept: "application/openmetrics-text; version=1.0.0" });
  assert.match(open.headers.get("Content-Type")!, /^application\/openmetrics-text; version=1\.0\.0/);
  assert.match(await open.text(), /# EOF\n$/);
});

Deno.test("the size of a streamed answer is counted once it was read", async () => {
  const names = Array.from({ length: 60_000 }, (_, i) => `label_${i}`);
  const { get } = fake({
    shards: { labelNames: () => Promise.resolve(names) },
  });
  const sizeOf = async () => {
    const text = await (await get("/metrics")).text();
    return Number(
      /^prometheus_http_response_size_bytes_sum\{handler="\/api\/v1\/labels"\} (\S+)$/m.exec(text)?.[1] ?? 0,
    );
  };
  const response = await get("/api/v1/labels");
  assert.equal(await sizeOf(), 0);
  const { byteLength } = await response.arrayBuffer();
  assert.equal(await sizeOf(), byteLength);
  const left = await get("/api/v1/labels");
  await left.body!.cancel();
  assert.ok(await sizeOf() < 2 * byteLength);
});
