import assert from "node:assert/strict";
import { join } from "node:path";
import { run, Server, temporaryDirectory } from "../integration/_server.ts";
import { tmpfsTest, withTmpfs } from "../server/storage/_tmpfs.ts";

interface Refusal {
  readonly name: string;
  /** Prepares the directory and gives the arguments. */
  readonly args: (directory: string) => string[] | Promise<string[]>;
  readonly code: number;
  readonly says: RegExp;
}

const refusals: readonly Refusal[] = [
  {
    name: "the data is of a newer version",
    args: async (directory) => {
      await writeFormat(directory, { version: 99 });
      return [];
    },
    code: 1,
    says: /version 99, this program knows up to \d+: run the newer Narthex/,
  },
  {
    name: "the data has another number of shards",
    args: async (directory) => {
      await writeFormat(directory, { shardCount: 3 });
      return ["--storage.shards=2"];
    },
    code: 1,
    says: /3 shards.* 2: ask for 3/,
  },
  {
    name: "the file of a shard is no database",
    args: async (directory) => {
      await writeFormat(directory, { shardCount: 1 });
      await Deno.writeTextFile(join(directory, "shard-0.kv"), "not a database ".repeat(1000));
      return [];
    },
    code: 1,
    says: /Cannot open the stored data.*shard-0\.kv.*restore it from a backup/,
  },
  {
    name: "a file is in the place of the data directory",
    args: async (directory) => {
      await Deno.writeTextFile(join(directory, "file"), "");
      return [`--storage.path=${directory}/file`];
    },
    code: 1,
    says: /a file is in its place: remove it or use another path/,
  },
  {
    name: "the port is taken",
    args: () => {
      taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      return [`--web.listen-address=127.0.0.1:${taken.addr.port}`];
    },
    code: 1,
    says: /Cannot start the web server.*127\.0\.0\.1:\d+.*in use/,
  },
  {
    name: "the configuration has an unknown key",
    args: async (directory) => {
      const file = join(directory, "bad.yml");
      await Deno.writeTextFile(file, "scrape_configs:\n- job_name: a\n  scrape_intervall: 5s\n");
      return [`--config.file=${file}`];
    },
    code: 2,
    says: /bad\.yml.*line 3.*scrape_intervall/,
  },
  {
    name: "the configuration is no YAML",
    args: async (directory) => {
      const file = join(directory, "bad.yml");
      await Deno.writeTextFile(file, "global: {scrape_interval: 5s\n");
      return [`--config.file=${file}`];
    },
    code: 2,
    says: /bad\.yml.*line 2/,
  },
  {
    name: "the configuration is not there",
    args: (directory) => [`--config.file=${directory}/none.yml`],
    code: 2,
    says: /none\.yml.*no such file/,
  },
  {
    name: "a flag is unknown",
    args: () => ["--storage.flush-intervall=1s"],
    code: 2,
    says: /unknown option '--storage\.flush-intervall.*Did you mean --storage\.flush-interval\?/s,
  },
  {
    name: "a flag has a bad value",
    args: () => ["--storage.flush-interval=soon"],
    code: 2,
    says: /storage\.flush-interval.*soon/,
  },
];

async function writeFormat(
  directory: string,
  fields: { version?: number; shardCount?: number },
): Promise<void> {
  const format = {
    format: "narthex-data-directory",
    version: 1,
    created: "2026-01-01T00:00:00Z",
    shardCount: 1,
    ...fields,
  };
  await Deno.writeTextFile(join(directory, "format.json"), JSON.stringify(format));
}

let taken: Deno.TcpListener | undefined;

for (const { name, args, code, says } of refusals) {
  Deno.test(`it does not start where ${name}, and says so`, async () => {
    await using directory = await temporaryDirectory();
    try {
      const own = await args(directory.path);
      const defaults = ["--storage.path", "--web.listen-address"]
        .filter((flag) => !own.some((arg) => arg.startsWith(flag)))
        .map((flag) => `${flag}=${flag === "--storage.path" ? directory.path : "127.0.0.1:0"}`);
      const ended = await run(...defaults, ...own);
      assert.match(ended.output, says);
      assert.equal(ended.code, code, ended.output);
      assert.doesNotMatch(ended.output, /Uncaught|BUG/);
    } finally {
      taken?.close();
      taken = undefined;
    }
  });
}

Deno.test("it does not start in a directory that a running server uses, which goes on", async () => {
  await using directory = await temporaryDirectory();
  await using server = await Server.start({ storagePath: directory.path });
  await server.ready();
  const { code, output } = await run(`--storage.path=${directory.path}`, "--web.listen-address=127.0.0.1:0");
  assert.match(
    output,
    new RegExp(`process ${server.child.pid} is using it: stop that process or use another directory`),
  );
  assert.equal(code, 1, output);
  await server.ready();
});

tmpfsTest(
  "it does not start where it may not write, and says so",
  () =>
    withTmpfs("size=1m,ro", async (path) => {
      const { code, output } = await run(`--storage.path=${path}/data`, "--web.listen-address=127.0.0.1:0");
      assert.match(output, /may not write there \(EROFS\): make it writable/);
      assert.equal(code, 1, output);
    }),
);
