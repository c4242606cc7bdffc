import assert from "node:assert/strict";
import { join } from "node:path";
import { Labels } from "../../../engine/labels/labels.ts";
import { relabel } from "../../../engine/labels/relabel.ts";
import { ConfigError } from "../../../server/config/config_error.ts";
import { fileHost } from "../../../server/config/file_host.ts";
import { loadConfig } from "../../../server/config/load.ts";
import { loadInWorker, type LoadRequest } from "../../../server/config/load_in_worker.ts";
import { printConfig } from "../../../server/config/print.ts";

async function load(text: string, request: Partial<LoadRequest> = {}) {
  const directory = await Deno.makeTempDir();
  const file = join(directory, "prometheus.yml");
  try {
    await Deno.writeTextFile(file, text);
    const inProcess = await loadConfig(file, fileHost).catch(() => undefined);
    return { file, inProcess, loaded: await loadInWorker({ file, options: {}, ...request }) };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a configuration arrives with its labels, rules, secrets and text", async () => {
  const { file, inProcess, loaded } = await load(`
global: { external_labels: { site: here } }
rule_files: [rules.yml]
scrape_configs:
  - job_name: node
    basic_auth: { username: me, password: hunter2 }
    static_configs: [{ targets: ["localhost:9100"] }]
    relabel_configs:
      - { source_labels: [__address__], regex: "(.*):.*", target_label: host }
      - { regex: unwanted, action: labeldrop }
    metric_relabel_configs: [{ source_labels: [__name__], regex: go_.*, action: drop }]
`);
  const { config, warnings, files } = loaded;
  assert.deepEqual(config.global.externalLabels, Labels.from({ site: "here" }));
  const [job] = config.scrapeConfigs;
  const target = Labels.from({ __address__: "localhost:9100", unwanted: "x" });
  assert.deepEqual(relabel(target, job.relabelConfigs)?.toObject(), {
    __address__: "localhost:9100",
    host: "localhost",
  });
  assert.equal(job.metricRelabelConfigs[0].regex, "go_.*");
  assert.equal(job.http.basicAuth?.password, "hunter2");
  const whole = inProcess!.config;
  assert.equal(config.yaml, printConfig(whole));
  assert.match(job.yaml, /^job_name: node\n/);
  assert.match(job.yaml, /password: <secret>/);
  assert.deepEqual(config.storage, whole.storage);
  assert.deepEqual(warnings, ["section rule_files: not active in this version"]);
  assert.deepEqual(files, [file]);
});

Deno.test("what is wrong with a configuration is told with its place", async () => {
  const text = "scrape_configs:\n  - job_nam: a\n";
  await assert.rejects(load(text), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual([error.line, error.keyPath], [2, "scrape_configs[0].job_nam"]);
    assert.match(error.message, /parsing YAML file .*prometheus\.yml: field job_nam not found/);
    return true;
  });
});

Deno.test("a missing file is an error where it was named, else the server scrapes itself", async () => {
  const file = "/nonexistent/prometheus.yml";
  await assert.rejects(
    loadInWorker({ file, options: {} }),
    (error) => error instanceof Deno.errors.NotFound && error.message.includes(`open ${file}: no such file`),
  );
  const builtIn = { address: "localhost:9090", metricsPath: "/x/metrics", scheme: "https" };
  const { config: { scrapeConfigs: [job] }, isBuiltIn } = await loadInWorker({ file, options: {}, builtIn });
  assert.ok(isBuiltIn);
  assert.deepEqual(
    [job.scheme, job.metricsPath, job.staticConfigs[0].targets],
    ["https", "/x/metrics", ["localhost:9090"]],
  );
});

Deno.test("a file that cannot be read is an error of one line that names it", async () => {
  const directory = await Deno.makeTempDir();
  const path = (name: string) => join(directory, name);
  await Deno.writeTextFile(path("no_access.yml"), "");
  await Deno.chmod(path("no_access.yml"), 0);
  await Deno.symlink("loop.yml", path("loop.yml"));
  await Deno.mkdir(path("jobs.yml"));
  await Deno.writeTextFile(path("includes.yml"), "scrape_config_files: [jobs.yml]");
  const builtIn = { address: "localhost:9090", metricsPath: "/metrics", scheme: "http" };
  const messages: Record<string, string> = {
    "": `open ${path("")}: is a directory: name a file`,
    "includes.yml/x": `open ${path("includes.yml/x")}: a part of the path is no directory: correct it`,
    "includes.yml": `open ${path("jobs.yml")}: is a directory: name a file`,
    ...(Deno.uid() !== 0 && { // whom no file denies access
      "no_access.yml": `open ${
        path("no_access.yml")
      }: permission denied: let the user that runs the server read it`,
    }),
  };
  try {
    for (const [name, message] of Object.entries(messages)) {
      const load = loadInWorker({ file: path(name), options: {}, builtIn });
      await assert.rejects(load, { name: "UnreadableFileError", message });
    }
    const loop = loadInWorker({ file: path("loop.yml"), options: {}, builtIn });
    await assert.rejects(loop, { name: "UnreadableFileError", message: /^open .*loop\.yml: .*$/ });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("an included file that is gone does not make the server use the built-in configuration", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.symlink("nowhere", join(directory, "jobs.yml"));
    await Deno.writeTextFile(join(directory, "prometheus.yml"), "scrape_config_files: [jobs.yml]");
    const builtIn = { address: "localhost:9090", metricsPath: "/metrics", scheme: "http" };
    const load = loadInWorker({ file: join(directory, "prometheus.yml"), options: {}, builtIn });
    await assert.rejects(
      load,
      (error) => error instanceof Deno.errors.NotFound && /jobs\.yml/.test(error.message),
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
