import type { ParserOptions } from "../../engine/promql/parser.ts";

/** The names that `--enable-feature` knows. */
const FEATURES = new Set([
  "auto-reload-config",
  "concurrent-rule-eval",
  "created-timestamp-zero-ingestion",
  "delayed-compaction",
  "exemplar-storage",
  "extra-scrape-metrics",
  "fast-startup",
  "histograms-st-encoding",
  "memory-snapshot-on-shutdown",
  "metadata-wal-records",
  "old-ui",
  "otlp-deltatocumulative",
  "otlp-native-delta-ingestion",
  "promql-binop-fill-modifiers",
  "promql-delayed-name-removal",
  "promql-experimental-functions",
  "promql-extended-range-selectors",
  "promql-per-step-stats",
  "query-cost",
  "search-api",
  "st-storage",
  "st-synthesis",
  "type-and-unit-labels",
  "use-start-timestamps",
  "use-uncached-io",
  "xor2-encoding",
]);

/** Names that once changed something and are accepted without effect. */
const WITHOUT_EFFECT = new Set(["promql-duration-expr", "native-histograms", "ooo-native-histograms"]);

/**
 * The features named by `--enable-feature`, each value a comma list; unknown names only warn.
 * @throws {RangeError} If two of them exclude each other.
 */
export function parseFeatures(
  values: readonly string[],
): { features: ReadonlySet<string>; warnings: string[] } {
  const names = values.flatMap((value) => value.split(",")).map((name) => name.trim()).filter((name) =>
    name !== ""
  );
  const features = new Set(names.filter((name) => FEATURES.has(name)));
  const warnings = names
    .filter((name) => !FEATURES.has(name) && !WITHOUT_EFFECT.has(name))
    .map((name) => `Unknown option for --enable-feature: ${name}`);
  if (features.has("otlp-deltatocumulative") && features.has("otlp-native-delta-ingestion")) {
    throw new RangeError(
      "cannot enable otlp-deltatocumulative and otlp-native-delta-ingestion features at the same time",
    );
  }
  return { features, warnings };
}

/** The parts of PromQL that features switch on. */
export function parserOptions(features: ReadonlySet<string>): ParserOptions {
  return {
    enableExperimentalFunctions: features.has("promql-experimental-functions"),
    enableExtendedRangeSelectors: features.has("promql-extended-range-selectors"),
    enableBinopFillModifiers: features.has("promql-binop-fill-modifiers"),
  };
}
