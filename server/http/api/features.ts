import { FUNCTION_SIGNATURES } from "../../../engine/promql/function_signatures.ts";
import { isAggregator, WORDS } from "../../../engine/promql/token.ts";
import type { AppDeps } from "../deps.ts";
import type { Router } from "../router.ts";
import { parserOptions } from "../../config/features.ts";

type Category = Readonly<Record<string, boolean>>;

const OPERATORS = ["+", "-", "*", "/", "%", "^", "==", "!=", "<", "<=", ">", ">=", "=~", "!~", "@"];
const OPERATOR_WORDS = ["and", "or", "unless", "atan2"];
const EXPERIMENTAL_AGGREGATORS: ReadonlySet<string> = new Set(["limitk", "limit_ratio"]);

/** `/features`: what this server can do, by category. */
export function addFeatureRoutes(
  router: Router,
  { features, options, flags }: Pick<AppDeps, "features" | "options" | "flags">,
): void {
  const data = {
    api: {
      admin: options.isAdminEnabled,
      exclude_alerts: true,
      label_values_match: true,
      lifecycle: options.isLifecycleEnabled,
      otlp_write_receiver: false,
      query_stats: true,
      query_warnings: true,
      remote_write_receiver: false,
      time_range_labels: true,
      time_range_series: true,
    },
    otlp_receiver: { delta_conversion: false, native_delta_ingestion: false },
    prometheus: {
      agent_mode: false,
      auto_reload_config: flags["config.auto-reload"] === "true",
      server_mode: true,
    },
    ...promqlFeatures(features),
    rules: { concurrent_rule_eval: false, keep_firing_for: false, query_offset: false },
    scrape: {
      extra_scrape_metrics: true,
      start_timestamp_zero_ingestion: features.has("created-timestamp-zero-ingestion"),
      type_and_unit_labels: false,
    },
    service_discovery_providers: { static: true },
    templating_functions: {},
    tsdb: {
      delayed_compaction: false,
      exemplar_storage: features.has("exemplar-storage"),
      isolation: true,
      native_histograms: true,
      use_uncached_io: false,
    },
    ui: { ui_v2: false, ui_v3: false },
  };
  router.read("/features", () => ({ data }));
}

function promqlFeatures(features: ReadonlySet<string>): Record<string, Category> {
  const enabled = parserOptions(features);
  const experimental = enabled.enableExperimentalFunctions === true;
  const aggregators = [...WORDS].filter(([, type]) => isAggregator(type)).map(([word]) => word);
  return {
    promql: {
      anchored: enabled.enableExtendedRangeSelectors === true,
      at_modifier: true,
      bool: true,
      by: true,
      delayed_name_removal: features.has("promql-delayed-name-removal"),
      duration_expr: true,
      fill: enabled.enableBinopFillModifiers === true,
      fill_left: enabled.enableBinopFillModifiers === true,
      fill_right: enabled.enableBinopFillModifiers === true,
      group_left: true,
      group_right: true,
      ignoring: true,
      negative_offset: true,
      offset: true,
      on: true,
      per_query_lookback_delta: true,
      per_step_stats: features.has("promql-per-step-stats"),
      smoothed: enabled.enableExtendedRangeSelectors === true,
      subqueries: true,
      type_and_unit_labels: features.has("type-and-unit-labels"),
      without: true,
    },
    promql_functions: Object.fromEntries(
      [...FUNCTION_SIGNATURES.values()]
        .map(({ name, isExperimental }): [string, boolean] => [name, !isExperimental || experimental]).sort(),
    ),
    promql_operators: Object.fromEntries([
      ...[...OPERATORS, ...OPERATOR_WORDS].map((name): [string, boolean] => [name, true]),
      ...aggregators.map((name): [string, boolean] => [
        name,
        !EXPERIMENTAL_AGGREGATORS.has(name) || experimental,
      ]),
    ]),
  };
}
