import { SHARDS_MAX } from "../storage/directory.ts";
import { bytes, choice, type FlagKind, number, period, text, texts, toggle } from "./flag_kinds.ts";
import { checkWriteMessage, WRITE_MESSAGES } from "./write_message.ts";

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE;
const server = { mode: "server" } as const;
const agent = { mode: "agent" } as const;
const hidden = { hidden: true } as const;

/** Accepted so that command lines made for the Go program keep working; nothing here reads them. */
const GO_ONLY = "No effect: it tunes the Go runtime or upstream's own storage format.";

/** The flags of the server: upstream's under upstream's names, and Narthex's own. */
export const FLAGS = {
  "config.file": text("prometheus.yml", "Configuration file path.", { placeholder: "file" }),
  "config.auto-reload": toggle(false, "Reload the configuration when its files change."),
  "config.auto-reload-interval": period(30 * SECOND, "How often to look for changed configuration files."),

  "web.listen-address": texts(
    ["0.0.0.0:9090"],
    "Address to listen on for UI, API and telemetry. Can be repeated.",
  ),
  "web.config.file": text("", "File that sets TLS and users of the server.", { placeholder: "file" }),
  "web.read-timeout": period(5 * MINUTE, "Longest time to read a request, and to keep an idle connection."),
  "web.max-connections": number(512, "Most simultaneous connections across all listeners."),
  "web.max-notifications-subscribers": number(16, "Most simultaneous subscribers to live notifications."),
  "web.external-url": text("", "URL under which the server is reachable; its path prefixes all routes.", {
    placeholder: "URL",
  }),
  "web.route-prefix": text("", "Prefix of the internal routes. Defaults to the path of --web.external-url.", {
    placeholder: "path",
  }),
  "web.user-assets": text("", "Directory of static files, served at /user.", { placeholder: "directory" }),
  "web.enable-lifecycle": toggle(false, "Allow shutdown and reload by HTTP request."),
  "web.enable-admin-api": toggle(false, "Allow the administration API."),
  "web.enable-remote-write-receiver": toggle(false, "Accept remote write requests."),
  "web.remote-write-receiver.accepted-protobuf-messages": texts(
    [...WRITE_MESSAGES],
    "Remote write messages to accept. Can be repeated.",
    { check: checkWriteMessage },
  ),
  "web.enable-otlp-receiver": toggle(false, "Accept OTLP write requests."),
  "web.console.templates": text("consoles", "Directory of console templates, served at /consoles.", {
    placeholder: "directory",
  }),
  "web.console.libraries": text("console_libraries", "Directory of console libraries.", {
    placeholder: "directory",
  }),
  "web.page-title": text("Narthex", "Title of the pages."),
  "web.cors.origin": text(".*", "Fully anchored regexp of the origins allowed by CORS.", {
    placeholder: "regexp",
  }),
  "web.search.max-limit": number(10_000, "Largest limit of the search API; 0 is none.", {
    ...server,
    min: 0,
  }),

  "storage.path": text("data/", "Directory of the stored data.", { placeholder: "directory" }),
  "storage.shards": number(0, "Number of shards; 0 is one per core.", { min: 0, max: SHARDS_MAX }),
  "storage.flush-interval": period(200, "Longest time that samples wait before they are written to disk."),
  "storage.max-active-series": number(0, "Most series with recent samples; 0 is without limit.", { min: 0 }),
  "storage.tsdb.path": text("data/", "Same as --storage.path.", { ...server, placeholder: "directory" }),
  "storage.tsdb.retention.time": period(
    0,
    "[DEPRECATED] How long to keep samples; 15d where no limit is set. Use storage.tsdb.retention.time in the configuration file.",
    server,
  ),
  "storage.tsdb.retention.size": bytes(
    0,
    "[DEPRECATED] How many bytes to keep. Use storage.tsdb.retention.size in the configuration file.",
    server,
  ),
  "storage.tsdb.no-lockfile": toggle(false, "Do not lock the data directory.", server),
  "storage.tsdb.head-chunks-write-queue-size": number(0, GO_ONLY, server),
  "storage.tsdb.delay-compact-file.path": text("", GO_ONLY, server),
  "storage.tsdb.min-block-duration": period(2 * HOUR, GO_ONLY, { ...server, ...hidden }),
  "storage.tsdb.max-block-duration": period(0, GO_ONLY, { ...server, ...hidden }),
  "storage.tsdb.max-block-chunk-segment-size": bytes(0, GO_ONLY, { ...server, ...hidden }),
  "storage.tsdb.wal-segment-size": bytes(0, GO_ONLY, { ...server, ...hidden }),
  "storage.tsdb.allow-overlapping-compaction": toggle(true, GO_ONLY, { ...server, ...hidden }),
  "storage.tsdb.wal-compression": toggle(true, GO_ONLY, { ...server, ...hidden }),
  "storage.tsdb.wal-compression-type": choice("snappy", ["snappy", "zstd"], GO_ONLY, {
    ...server,
    ...hidden,
  }),
  "storage.tsdb.samples-per-chunk": number(120, GO_ONLY, { ...server, ...hidden }),
  "storage.tsdb.delayed-compaction.max-percent": number(10, GO_ONLY, { ...server, ...hidden }),
  "storage.tsdb.block-reload-interval": period(MINUTE, GO_ONLY, { ...server, ...hidden }),
  "storage.agent.path": text("data-agent/", "Directory of the agent's data.", {
    ...agent,
    placeholder: "directory",
  }),
  "storage.agent.wal-compression": toggle(true, GO_ONLY, agent),
  "storage.agent.no-lockfile": toggle(false, "Do not lock the data directory.", agent),
  "storage.agent.retention.min-time": period(5 * MINUTE, "Age from which samples may be deleted.", agent),
  "storage.agent.retention.max-time": period(4 * HOUR, "Age from which samples are deleted.", agent),
  "storage.agent.checkpoint-from-in-memory-series": toggle(false, GO_ONLY, agent),
  "storage.agent.checkpoint-batch-size": number(1000, GO_ONLY, { ...agent, min: 1 }),
  "storage.agent.wal-segment-size": bytes(0, GO_ONLY, { ...agent, ...hidden }),
  "storage.agent.wal-compression-type": choice("snappy", ["snappy", "zstd"], GO_ONLY, {
    ...agent,
    ...hidden,
  }),
  "storage.agent.wal-truncate-frequency": period(0, GO_ONLY, { ...agent, ...hidden }),
  "storage.remote.flush-deadline": period(MINUTE, "Longest time to flush samples on shutdown or reload."),
  "storage.remote.read-sample-limit": number(
    50_000_000,
    "Most samples of one remote read that is not streamed; 0 is without limit.",
    server,
  ),
  "storage.remote.read-concurrent-limit": number(
    10,
    "Most concurrent remote reads; 0 is without limit.",
    server,
  ),
  "storage.remote.read-max-bytes-in-frame": number(
    1_048_576,
    "Most bytes in a frame of a streamed remote read.",
    server,
  ),

  "rules.alert.for-outage-tolerance": period(
    HOUR,
    'Longest outage after which the "for" state of alerts is restored.',
    server,
  ),
  "rules.alert.for-grace-period": period(
    10 * MINUTE,
    'Least time between a restored "for" state and the alert.',
    server,
  ),
  "rules.alert.resend-delay": period(MINUTE, "Least time before an alert is sent again.", server),
  "rules.max-concurrent-evals": number(4, "Most independent rules evaluated at once.", server),
  "alertmanager.notification-queue-capacity": number(
    10_000,
    "Most notifications that wait for Alertmanager.",
    server,
  ),
  "alertmanager.notification-batch-size": number(256, "Most notifications sent at once.", server),
  "alertmanager.drain-notification-queue-on-shutdown": toggle(
    true,
    "Send waiting notifications before the shutdown.",
    server,
  ),

  "query.lookback-delta": period(
    5 * MINUTE,
    "How far back a sample counts in queries and federation.",
    server,
  ),
  "query.timeout": period(2 * MINUTE, "Longest time of a query.", server),
  "query.max-concurrency": number(20, "Most concurrent queries.", server),
  "query.max-samples": number(50_000_000, "Most samples that a query may hold in memory.", server),

  "scrape.adjust-timestamps": toggle(true, "Align the timestamps of scrapes to their schedule.", hidden),
  "scrape.timestamp-tolerance": period(2, "By how much timestamps may be aligned.", hidden),
  "scrape.discovery-reload-interval": period(
    5 * SECOND,
    "How often discovered targets are taken over.",
    hidden,
  ),
  "auto-gomaxprocs": toggle(true, GO_ONLY),
  "auto-gomemlimit": toggle(true, GO_ONLY),
  "auto-gomemlimit.ratio": number(0.9, GO_ONLY, { fraction: true }),
  "auto-gomemlimit.refresh-interval": period(0, GO_ONLY),
  "enable-feature": texts([], "Features to enable, separated by commas. Can be repeated."),
  "agent": toggle(false, "Run in agent mode."),
  "log.level": choice(
    "info",
    ["debug", "info", "warn", "error"],
    "Only log messages of this severity or above.",
  ),
  "log.format": choice("logfmt", ["logfmt", "json"], "Format of log messages."),
};

export type FlagName = keyof typeof FLAGS;

type CamelDash<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelDash<Tail>>}`
  : S;
type Camel<S extends string> = S extends `${infer Head}.${infer Tail}`
  ? `${CamelDash<Head>}${Capitalize<Camel<Tail>>}`
  : CamelDash<S>;
type UnitOf<F> = F extends FlagKind<infer _, infer Unit> ? Unit : never;
type ValueOf<F> = F extends { readonly initial: infer T } ? T : never;

/** The value of every flag: `--web.read-timeout` is `webReadTimeoutMs`. */
export type FlagValues = {
  readonly [K in FlagName as `${Camel<K>}${UnitOf<typeof FLAGS[K]>}`]: ValueOf<typeof FLAGS[K]>;
};

/** What was asked for on the command line. */
export type Flags = FlagValues & {
  /** Names of the flags that were given, the others being at their defaults. */
  readonly given: ReadonlySet<FlagName>;
  /** Every flag as text, under its own name. */
  asTable(): Record<string, string>;
};

/** A flag as its kind alone, where its type does not matter. */
// deno-lint-ignore no-explicit-any
export type AnyFlag = FlagKind<any, string>;

const ENTRIES = Object.entries(FLAGS) as [FlagName, AnyFlag][];

function propertyOf(name: string, unit: string): string {
  return name.replace(/[.-]([a-z])/g, (_, letter: string) => letter.toUpperCase()) + unit;
}

/**
 * The flags with defaults filled in.
 * @param given The values of the flags that were given.
 * @param cores How many shards `--storage.shards 0` stands for; at least one is used.
 */
export function flagsOf(given: ReadonlyMap<FlagName, unknown>, cores: number): Flags {
  const values = new Map<FlagName, unknown>(
    ENTRIES.map(([name, kind]) => [name, given.get(name) ?? kind.initial]),
  );
  const storagePath = given.get("storage.path") ?? values.get("storage.tsdb.path");
  values.set("storage.path", storagePath).set("storage.tsdb.path", storagePath);
  values.set("storage.shards", values.get("storage.shards") || Math.max(1, cores));
  const table = Object.fromEntries(ENTRIES.map(([name, kind]) => [name, kind.show(values.get(name))]));
  return {
    ...Object.fromEntries(
      ENTRIES.map(([name, kind]) => [propertyOf(name, kind.unit), values.get(name)]),
    ) as FlagValues,
    given: new Set(given.keys()),
    asTable: () => ({ ...table }),
  };
}
