/** Parts of upstream that there are not yet, by what the names of their flags begin with. */
const FLAGS: readonly (readonly [prefix: string, part: string])[] = [
  ["agent", "agent mode"],
  ["storage.agent.", "agent mode"],
  ["storage.remote.", "remote storage"],
  ["web.enable-remote-write-receiver", "the remote write receiver"],
  ["web.remote-write-receiver.", "the remote write receiver"],
  ["web.enable-otlp-receiver", "the OTLP receiver"],
  ["web.console.", "serving console templates"],
  ["web.user-assets", "serving files of the user"],
  ["web.max-notifications-subscribers", "live notifications"],
  ["web.search.", "the search API"],
  ["rules.", "evaluating rules"],
  ["alertmanager.", "notifying Alertmanager"],
  ["scrape.discovery-reload-interval", "service discovery"],
  ["scrape.adjust-timestamps", "another alignment of timestamps than by up to 2 ms"],
  ["scrape.timestamp-tolerance", "another alignment of timestamps than by up to 2 ms"],
  ["storage.tsdb.no-lockfile", "a data directory without a lock"],
];

/** As `FLAGS`, by name of the feature. */
const FEATURES: ReadonlyMap<string, string> = new Map([
  ["concurrent-rule-eval", "evaluating rules"],
  ["old-ui", "the old user interface"],
  ["otlp-deltatocumulative", "the OTLP receiver"],
  ["otlp-native-delta-ingestion", "the OTLP receiver"],
  ["metadata-wal-records", "metadata in the log"],
  ["search-api", "the search API"],
  ["st-synthesis", "synthesis of start timestamps"],
]);

/**
 * A warning for each flag and feature that was asked for and has no effect, as what it is about is missing.
 * @param flags Names of flags that were given another value than their default.
 */
export function missingParts(flags: readonly string[], features: Iterable<string>): string[] {
  const warning = (option: string, part: string) =>
    `${option} has no effect: ${part} is not part of Narthex yet`;
  return [
    ...flags.flatMap((name) => {
      const part = FLAGS.find(([prefix]) => prefix.endsWith(".") ? name.startsWith(prefix) : name === prefix);
      return part === undefined ? [] : [warning(`--${name}`, part[1])];
    }),
    ...[...features].flatMap((name) => {
      const part = FEATURES.get(name);
      return part === undefined ? [] : [warning(`--enable-feature=${name}`, part)];
    }),
  ];
}
