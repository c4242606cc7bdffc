import assert from "node:assert/strict";
import { createProgram } from "../../../server/config/program.ts";
import type { Handlers } from "../../../server/config/requests.ts";

/** Runs a command line; what was called with which request, and what was written. */
async function run(...args: string[]) {
  const calls: [string, unknown][] = [];
  let out = "", err = "";
  const handlers = new Proxy({}, {
    get: (_, name: string) => (request: unknown) => {
      calls.push([name, request]);
      return Promise.resolve();
    },
  }) as Handlers;
  const program = createProgram(handlers, {
    version: "narthex 1.2.3",
    cores: 3,
    stdout: (text) => void (out += text),
    stderr: (text) => void (err += text),
  });
  const code = await program.run(args);
  // deno-lint-ignore no-explicit-any
  return { code, out, err, name: calls[0]?.[0], request: calls[0]?.[1] as any, calls: calls.length };
}

Deno.test("serve is the default command and has upstream's defaults", async () => {
  for (const args of [[], ["serve"], ["--"], ["--", "serve"]]) {
    const { code, name, request, calls } = await run(...args);
    assert.deepEqual([code, name, calls], [0, "serve", 1]);
    const table = request.flags.asTable();
    const expected: Record<string, string> = {
      "config.file": "prometheus.yml",
      "web.listen-address": "0.0.0.0:9090",
      "web.read-timeout": "5m",
      "query.max-samples": "50000000",
      "storage.path": "data/",
      "storage.shards": "3",
      "storage.flush-interval": "200ms",
      "storage.tsdb.retention.time": "0s",
      "storage.tsdb.retention.size": "0B",
      "auto-gomemlimit.ratio": "0.9",
      "alertmanager.drain-notification-queue-on-shutdown": "true",
      "web.remote-write-receiver.accepted-protobuf-messages":
        "prometheus.WriteRequest,io.prometheus.write.v2.Request",
      "agent": "false",
    };
    for (const [flag, value] of Object.entries(expected)) assert.equal(table[flag], value, flag);
  }
});

Deno.test("flags are read as kingpin reads them", async () => {
  const { request, err } = await run(
    "--config.file=/etc/p.yml",
    "--web.listen-address",
    ":1",
    "--web.listen-address=:2",
    "--web.enable-lifecycle",
    "--no-auto-gomaxprocs",
    "--query.timeout=1m30s",
    "--storage.tsdb.retention.size=512MB",
    "--storage.tsdb.path=/data",
    "--storage.remote.read-sample-limit=5e7",
    "--enable-feature=search-api,nonsense",
    "--enable-feature=native-histograms",
  );
  assert.equal(err, "");
  const { flags, features, warnings } = request;
  assert.equal(flags.configFile, "/etc/p.yml");
  assert.deepEqual(flags.webListenAddress, [":1", ":2"]);
  assert.equal(flags.webEnableLifecycle, true);
  assert.equal(flags.autoGomaxprocs, false);
  assert.equal(flags.queryTimeoutMs, 90_000);
  assert.equal(flags.storageTsdbRetentionSizeBytes, 512 * 1024 ** 2);
  assert.equal(flags.storagePath, "/data");
  assert.equal(flags.storageRemoteReadSampleLimit, 50_000_000);
  assert.ok(flags.given.has("query.timeout") && !flags.given.has("query.max-samples"));
  assert.deepEqual([...features], ["search-api"]);
  assert.deepEqual(warnings, [
    "Unknown option for --enable-feature: nonsense",
    "--enable-feature=search-api has no effect: the search API is not part of Narthex yet",
  ]);
});

Deno.test("flags and features of parts that are missing are named, each once", async () => {
  const cases: [args: string[], warnings: string[]][] = [
    [["--web.enable-lifecycle", "--enable-feature=exemplar-storage", "--storage.tsdb.wal-compression"], []],
    [["--no-web.enable-otlp-receiver", "--rules.alert.resend-delay=1m"], []],
    [
      [
        "--web.enable-remote-write-receiver",
        "--rules.alert.resend-delay=2m",
        "--web.console.templates=x",
        "--enable-feature=search-api,st-synthesis,search-api",
      ],
      [
        "--web.enable-remote-write-receiver has no effect: the remote write receiver is not part of Narthex yet",
        "--rules.alert.resend-delay has no effect: evaluating rules is not part of Narthex yet",
        "--web.console.templates has no effect: serving console templates is not part of Narthex yet",
        "--enable-feature=search-api has no effect: the search API is not part of Narthex yet",
        "--enable-feature=st-synthesis has no effect: synthesis of start timestamps is not part of Narthex yet",
      ],
    ],
    [
      ["--agent", "--storage.agent.path=x"],
      [
        "--agent has no effect: agent mode is not part of Narthex yet",
        "--storage.agent.path has no effect: agent mode is not part of Narthex yet",
      ],
    ],
  ];
  for (const [args, warnings] of cases) {
    assert.deepEqual((await run(...args)).request.warnings, warnings);
  }
});

Deno.test("a wrong command line says what is wrong and calls nothing", async () => {
  const cases: [args: string[], code: number, message: RegExp][] = [
    [
      ["--web.listen-adress=:1"],
      2,
      /unknown option '--web.listen-adress=:1'[^]*Did you mean --web.listen-address/,
    ],
    [["--config.file"], 2, /argument missing/],
    [["--config.file=a", "--config.file=b"], 2, /flag 'config.file' cannot be repeated/],
    [["--web.enable-lifecycle", "--no-web.enable-lifecycle"], 2, /cannot be repeated/],
    [["--query.timeout=5"], 2, /not a valid duration string: "5"/],
    [["--query.max-samples=many"], 2, /expected a whole number/],
    [["--storage.tsdb.retention.size=5"], 2, /units: unknown unit/],
    [["--log.level=loud"], 2, /enum value must be one of debug,info,warn,error, got 'loud'/],
    [["--web.search.max-limit=-1"], 2, /at least 0/],
    [["--agent", "--query.timeout=5m"], 3, /can not be used in agent mode: \["--query.timeout"\]/],
    [["--storage.agent.path=x"], 3, /can only be used in agent mode: \["--storage.agent.path"\]/],
    [["--storage.path=a", "--storage.tsdb.path=b"], 2, /are one setting: give one of them/],
    [["--auto-gomemlimit.ratio=2"], 1, /less than or equal to 1/],
    [["--enable-feature=otlp-deltatocumulative,otlp-native-delta-ingestion"], 1, /at the same time/],
    [
      ["check", "rules", "--enable-feature=otlp-deltatocumulative,otlp-native-delta-ingestion"],
      1,
      /at the same time/,
    ],
    [["exprot"], 2, /unknown command "exprot": see --help/],
    [["import"], 2, /missing required argument 'file'/],
    [["import", "x", "--label", "novalue"], 2, /expected name=value/],
    [["export", "--url=ftp://x"], 2, /expected an http\(s\) URL/],
    [["export", "--url=http://x", "--storage.path=y"], 2, /cannot be used with/],
    [["check", "config"], 2, /missing required argument/],
  ];
  for (const [args, code, message] of cases) {
    const result = await run(...args);
    assert.deepEqual([result.code, result.calls], [code, 0], args.join(" "));
    assert.match(result.err, message);
  }
});

Deno.test("help and version go to standard output and succeed", async () => {
  for (const flag of ["-h", "--help"]) {
    const { code, out, calls } = await run(flag);
    assert.deepEqual([code, calls], [0, 0]);
    assert.match(out, /--web.listen-address <text>/);
    assert.doesNotMatch(out, /samples-per-chunk|--no-agent /);
    assert.match(out, /import .*OpenMetrics/);
  }
  assert.deepEqual(await run("--version").then(({ code, out }) => [code, out]), [0, "narthex 1.2.3\n"]);
});

Deno.test("the other commands get their requests", async () => {
  const cases: [args: string[], name: string, request: unknown][] = [
    [["import", "-", "--storage.path=d", "--label", "a=1", "--label=b=x=y"], "import", {
      file: "-",
      storagePath: "d",
      labels: { a: "1", b: "x=y" },
    }],
    [["export"], "export", {
      storagePath: "data/",
      url: undefined,
      matches: [],
      start: undefined,
      end: undefined,
      output: "-",
    }],
    [["export", "--url=http://x", "--match=up", "--match", "{a='b'}", "--start=1", "-o", "f"], "export", {
      storagePath: undefined,
      url: "http://x",
      matches: ["up", "{a='b'}"],
      start: "1",
      end: undefined,
      output: "f",
    }],
    [["backup", "dir"], "backup", { url: "http://localhost:9090", directory: "dir" }],
    [["restore", "dir", "--storage.path", "d"], "restore", { directory: "dir", storagePath: "d" }],
    [["check", "config", "a.yml", "b.yml"], "checkConfig", {
      files: ["a.yml", "b.yml"],
      features: new Set(),
      warnings: [],
    }],
    [["check", "rules"], "checkRules", { files: [], features: new Set(), warnings: [] }],
    [
      ["check", "rules", "a.yml", "--enable-feature=search-api,promql-experimental-functions"],
      "checkRules",
      { files: ["a.yml"], features: new Set(["search-api", "promql-experimental-functions"]), warnings: [] },
    ],
  ];
  for (const [args, name, request] of cases) {
    const result = await run(...args);
    assert.equal(result.err, "");
    assert.deepEqual([result.name, result.request], [name, request]);
  }
});
