import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { didYouMean } from "./did_you_mean.ts";
import { type AnyFlag, type FlagName, FLAGS } from "./flags.ts";
import { EXIT, type Handlers, type ProgramHost } from "./requests.ts";
import { featuresOf, serveRequest } from "./serve_request.ts";

/**
 * Runs any command line, see `createProgram`. Its errors and help are written.
 * @throws {UsageError} If flags of the server do not go together.
 */
export async function runCommandLine(
  args: readonly string[],
  handlers: Handlers,
  host: ProgramHost,
): Promise<number> {
  let exitCode = 0;
  const done = (code: number | void) => void (exitCode = code ?? EXIT.ok);
  try {
    await build(handlers, host, done).parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    throw error;
  }
}

/** What commander says of too many arguments, as somebody needs it who mistyped a command. */
function named(text: string): string {
  return text.replace(/too many arguments.* Expected 0 .*: (.*?)\.?$/m, 'unknown command "$1": see --help');
}

function build(handlers: Handlers, host: ProgramHost, done: (code: number | void) => void): Command {
  const program = new Command("narthex")
    .description("Prometheus-compatible monitoring in one service")
    .version(host.version, "--version", "Show the version.")
    .helpOption("-h, --help", "Show this help.")
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout(text),
      writeErr: (text) => host.stderr(text),
      outputError: (text, write) =>
        write(
          named(text).replace(/^error: /, "Error parsing command line arguments: ") + suggestionFor(text),
        ),
    });
  addServe(program, handlers, host, done);
  // Commands inherit exit and output settings from here on.
  addServe(program.command("serve").description("Run the server; the default command"), handlers, host, done);
  addImport(program, handlers, done);
  addExport(program, handlers, done);
  program.command("backup").description("Copy the data of a server")
    .argument("<directory>", "where to write the copy; must be empty or absent")
    .option("--url <url>", "the server", checkUrl, "http://localhost:9090")
    .option("--storage.path <directory>", "data directory of a server that does not run, instead of --url")
    .action(async (directory: string, options) =>
      done(
        await handlers.backup({
          url: options.url,
          directory,
          ...("storage.path" in options && { storagePath: pathOf(options) }),
        }),
      )
    );
  program.command("restore").description("Fill an empty storage directory from a copy")
    .argument("<directory>", "the copy")
    .option("--storage.path <directory>", "where to write", "data/")
    .action(async (directory: string, options) =>
      done(await handlers.restore({ directory, storagePath: pathOf(options) }))
    );
  addCheck(program, handlers, done);
  return program;
}

/** Commander compares the whole `--flag=value` and so seldom finds the flag that was meant. */
function suggestionFor(message: string): string {
  const unknown = /unknown option '--(?:no-)?([^'=]+)/.exec(message);
  if (unknown === null || message.includes("Did you mean")) return "";
  const near = didYouMean(unknown[1], Object.keys(FLAGS));
  return near === undefined ? "" : `(Did you mean --${near}?)\n`;
}

/** Commander names the value of `--storage.path` so. */
function pathOf(options: Record<string, unknown>): string {
  return options["storage.path"] as string;
}

function addServe(
  command: Command,
  handlers: Handlers,
  host: ProgramHost,
  done: (code: number | void) => void,
): void {
  const given = new Map<FlagName, unknown>();
  for (const [name, kind] of Object.entries(FLAGS) as [FlagName, AnyFlag][]) {
    addFlag(command, name, kind, given);
  }
  command.action(async () => done(await handlers.serve(serveRequest(given, host.cores))));
}

function addFlag(command: Command, name: FlagName, kind: AnyFlag, given: Map<FlagName, unknown>): void {
  const once = () => {
    if (given.has(name) && !kind.isRepeatable) {
      throw new InvalidArgumentError(`flag '${name}' cannot be repeated`);
    }
  };
  const mode = kind.mode === undefined ? "" : ` Use with ${kind.mode} mode only.`;
  const shown = kind.show(kind.initial);
  const help = `${kind.help}${mode}${
    shown === "" || kind.placeholder === undefined ? "" : ` (default: ${shown})`
  }`;
  const { read } = kind;
  if (read !== undefined) {
    const option = new Option(`--${name} <${kind.placeholder}>`, help).hideHelp(kind.isHidden);
    option.argParser((text) => {
      once();
      try {
        given.set(name, read(text, given.get(name)));
      } catch (error) {
        throw new InvalidArgumentError((error as Error).message);
      }
      return given.get(name);
    });
    command.addOption(option);
    return;
  }
  command.addOption(new Option(`--${name}`, `${help} Also --no-${name}.`).hideHelp(kind.isHidden));
  command.addOption(new Option(`--no-${name}`).hideHelp());
  const set = (value: boolean) => () => {
    if (given.has(name)) command.error(`error: flag '${name}' cannot be repeated`);
    given.set(name, value);
  };
  command.on(`option:${name}`, set(true)).on(`option:no-${name}`, set(false));
}

function addImport(program: Command, handlers: Handlers, done: (code: number | void) => void): void {
  program.command("import").description("Store the samples of an OpenMetrics text")
    .argument("<file>", "the text; - is standard input")
    .option("--storage.path <directory>", "where to store", "data/")
    .option("--label <name=value>", "a label for every series; can be repeated", addLabel, {})
    .addOption(new Option("--max-block-duration <duration>", "no effect").hideHelp())
    .action(async (file: string, options) =>
      done(await handlers.import({ file, storagePath: pathOf(options), labels: options.label }))
    );
}

function addCheck(program: Command, handlers: Handlers, done: (code: number | void) => void): void {
  const check = program.command("check").description("Check files");
  const addKind = (kind: string, argument: string, help: string, handle: Handlers["checkConfig"]) =>
    check.command(kind).description(`Check ${kind === "config" ? "configuration" : "rule"} files`)
      .argument(argument, help)
      .addOption(
        new Option("--enable-feature <names>", "features of the server, separated by commas; can be repeated")
          .argParser((text, all: string[] = []) => [...all, text]),
      )
      .action(async (files: string[], { enableFeature = [] }) => {
        done(await handle({ files, ...featuresOf(enableFeature) }));
      });
  addKind(
    "config",
    "<file...>",
    "files such as prometheus.yml; the rule files that they name are checked too",
    (request) => handlers.checkConfig(request),
  );
  addKind(
    "rules",
    "[file...]",
    "rule files; standard input where none is named",
    (request) => handlers.checkRules(request),
  );
}

function addLabel(text: string, labels: Readonly<Record<string, string>>): Record<string, string> {
  const at = text.indexOf("=");
  if (at <= 0) throw new InvalidArgumentError(`expected name=value, got ${JSON.stringify(text)}`);
  return { ...labels, [text.slice(0, at)]: text.slice(at + 1) };
}

function addExport(program: Command, handlers: Handlers, done: (code: number | void) => void): void {
  program.command("export").description("Write stored samples as OpenMetrics text")
    .addOption(
      new Option("--storage.path <directory>", "read this storage (default: data/)").conflicts("url"),
    )
    .addOption(new Option("--url <url>", "read a running server instead").argParser(checkUrl))
    .option(
      "--match <selector>",
      "only these series; can be repeated",
      (text, all: string[]) => [...all, text],
      [],
    )
    .option("--start <time>", "from this time on, RFC 3339 or Unix seconds")
    .option("--end <time>", "up to this time, RFC 3339 or Unix seconds")
    .option("-o, --output <file>", "where to write; - is standard output", "-")
    .action(async ({ url, match, start, end, output, ...options }) => {
      const storagePath = url === undefined ? pathOf(options) ?? "data/" : undefined;
      done(await handlers.export({ storagePath, url, matches: match, start, end, output }));
    });
}

function checkUrl(text: string): string {
  if (URL.parse(text)?.protocol.startsWith("http")) return text;
  throw new InvalidArgumentError(`expected an http(s) URL, got ${JSON.stringify(text)}`);
}
