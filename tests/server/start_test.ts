import assert from "node:assert/strict";
import { join } from "node:path";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** Runs the server in `directory` until it says what it uses, or why it does not start. */
async function start(directory: string, ...args: string[]) {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", MAIN, "--storage.shards=1", "--web.listen-address=127.0.0.1:0", ...args],
    cwd: directory,
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let text = "";
  for await (const chunk of process.stderr.pipeThrough(new TextDecoderStream())) {
    const wasUp = text.includes("msg=Listening");
    text += chunk;
    if (!wasUp && text.includes("msg=Listening")) process.kill("SIGTERM");
  }
  const { code } = await process.status;
  return {
    code,
    lines: text.trimEnd().split("\n").map((line) => line.replace(/^.*(level=\S+) source=\S+ /, "$1 ")),
  };
}

Deno.test("the server says which configuration it uses, or why it cannot", async () => {
  const directory = await Deno.makeTempDir();
  const inUse = `scrape_jobs=1 targets=1 data_directory=${join(directory, "data")} shards=1`;
  try {
    const builtIn = await start(directory);
    assert.equal(builtIn.code, 0);
    assert.equal(
      builtIn.lines[1],
      'level=WARN msg="Using the built-in configuration, which scrapes this server alone: there is no file" ' +
        `component=main file=prometheus.yml ${inUse}`,
    );

    const job = "{job_name: a, static_configs: [{targets: ['localhost:1']}]}";
    await Deno.writeTextFile(join(directory, "prometheus.yml"), `scrape_configs: [${job}]`);
    const given = await start(directory);
    assert.equal(given.code, 0);
    assert.equal(
      given.lines[1],
      `level=INFO msg="Using configuration" component=main file=prometheus.yml ${inUse}`,
    );

    const unreadable = await start(directory, "--config.file=data");
    assert.equal(unreadable.code, 2);
    assert.deepEqual(unreadable.lines.slice(1), [
      'level=ERROR msg="Error loading config" component=main file=data err="open data: is a directory: name a file"',
    ]);

    const unknownUrl = await start(directory, "--web.external-url=foo");
    assert.equal(unknownUrl.code, 1);
    assert.match(
      unknownUrl.lines[1],
      /^level=ERROR msg="Cannot use the flags of the web server" .*Cannot use \\"foo\\" as external URL/,
    );

    await Deno.mkdir(`${directory}/prometheus/wal`, { recursive: true });
    const foreign = await start(directory, "--storage.tsdb.path=prometheus", "--web.enable-otlp-receiver");
    assert.equal(foreign.code, 1);
    assert.equal(
      foreign.lines[1],
      'level=WARN msg="--web.enable-otlp-receiver has no effect: the OTLP receiver is not part of Narthex yet" component=main',
    );
    assert.match(
      foreign.lines[2],
      /^level=ERROR msg="Cannot open the data directory" component=main err="Cannot use data directory prometheus: it holds wal/,
    );
    assert.equal(foreign.lines.length, 3);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
