/**
 * The engine as a library: a time series database with PromQL, without the server around it. It brings no clock, no
 * timers and no I/O: the caller passes in the store, the time and a way to pause.
 *
 * ```ts
 * const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
 * const database = await open(new MemoryStore(), { pause }); // or a Store of your own
 * const requests = database.refFor(Labels.from({ __name__: "http_requests_total", code: "200" }));
 * database.appendSample(requests, Date.parse("2026-01-01T00:00:00Z"), 10);
 * database.appendSample(requests, Date.parse("2026-01-01T00:01:00Z"), 70);
 * await database.commit(); // durable from here on
 *
 * const engine = new Engine({ now: () => performance.now(), pause });
 * const { value } = await engine.instant(
 *   database,
 *   "sum by (code) (increase(http_requests_total[5m]))",
 *   Date.parse("2026-01-01T00:02:00Z"),
 * );
 * ```
 * The owner calls `database.commit()` now and then, and `database.maintain()` every few seconds: it writes blocks,
 * compacts them and drops what is past retention.
 *
 * Parts build on each other in one direction: labels ← histogram ← exposition ← instrument, and
 * labels, histogram ← tsdb ← promql.
 * @module
 */

// Label sets, matchers, relabelling
export { LabelsBuilder } from "./labels/builder.ts";
export { hashLabels } from "./labels/hash.ts";
export { compareLabels, Labels, METRIC_NAME } from "./labels/labels.ts";
export { Matcher, type MatchType } from "./labels/matcher.ts";
export {
  escapeName,
  ESCAPING_SCHEMES,
  type EscapingScheme,
  isEscapingScheme,
  isValidLabelName,
  isValidMetricName,
  unescapeName,
  type ValidationScheme,
} from "./labels/names.ts";
export { RegexpSyntaxError } from "./labels/regexp.ts";
export {
  compileRelabelRule,
  relabel,
  type RelabelConfig,
  RelabelConfigError,
  type RelabelRule,
} from "./labels/relabel.ts";

// Numbers and durations as Prometheus writes them
export { DURATION_MS_MAX, formatDuration, parseDuration } from "./duration.ts";
export { formatValue } from "./go_float.ts";
export { fillAbsent, isAbsent, isStale, setStale, wordsOf } from "./sample.ts";

// Native histograms
export { HistogramAccumulator } from "./histogram/accumulator.ts";
export {
  add as addHistograms,
  compact as compactHistogram,
  divide as divideHistogram,
  multiply as multiplyHistogram,
  negate as negateHistogram,
  subtract as subtractHistograms,
  type SumOfHistograms,
  toSchema as histogramToSchema,
} from "./histogram/arithmetic.ts";
export { allBuckets, type Bucket } from "./histogram/bucket.ts";
export {
  ClassicHistogramBuilder,
  ClassicHistogramError,
  toClassicBuckets,
} from "./histogram/classic_conversion.ts";
export {
  type CounterResetHint,
  FloatHistogram,
  type HistogramFields,
  type Span,
} from "./histogram/float_histogram.ts";
export { fraction as histogramFraction } from "./histogram/fraction.ts";
export { fromInteger, type IntegerHistogram, toInteger } from "./histogram/integer.ts";
export { average, standardDeviation, variance } from "./histogram/moments.ts";
export {
  type HistogramJson,
  toJson as histogramToJson,
  toText as histogramToText,
} from "./histogram/print.ts";
export { quantile as histogramQuantile } from "./histogram/quantile.ts";
export { detectReset } from "./histogram/reset.ts";
export { InvalidHistogramError, validateHistogram } from "./histogram/validate.ts";

// Exposition formats: reading scrapes, writing families
export { ExpositionError } from "./exposition/exposition_error.ts";
export type {
  ClassicBucket,
  Exemplar,
  Metric,
  MetricFamily,
  MetricMetadata,
  MetricType,
} from "./exposition/metric_family.ts";
export {
  acceptHeader,
  ContentTypeError,
  DEFAULT_SCRAPE_PROTOCOLS,
  type ExpositionFormat,
  negotiate,
  parserFormat,
  PROTO_FIRST_SCRAPE_PROTOCOLS,
  SCRAPE_PROTOCOLS,
  type ScrapeProtocol,
} from "./exposition/negotiation.ts";
export { createParser } from "./exposition/parser.ts";
export { encodeExposition } from "./exposition/encode_exposition.ts";
export {
  type BodyParser,
  DROPPED,
  type ExposedSeries,
  type ParserOptions as ExpositionParserOptions,
  type ScrapeFormat,
  ScrapeRow,
  type SeriesResolver,
} from "./exposition/scrape_row.ts";
export { writeExposition, type WriteOptions } from "./exposition/writer.ts";

// Metrics that a program keeps about itself
export * from "./instrument/mod.ts";

// The time series database
import { Database } from "./tsdb/database.ts";

/** Opens the database that `store` holds, or begins one there; see `Database.open`. */
export const open: typeof Database.open = (store, options) => Database.open(store, options);

export {
  cardinality,
  type CardinalityStatistics,
  mergeCardinality,
  type ValueDigest,
} from "./tsdb/cardinality.ts";
export {
  Database,
  type DatabaseCounters,
  type DatabaseOptions,
  type SampleOutcome,
} from "./tsdb/database.ts";
export type { ExemplarEntry, ExemplarOutcome } from "./tsdb/exemplars.ts";
export { type AppendResult, Group } from "./tsdb/group.ts";
export { Importer, type ImporterOptions } from "./tsdb/importer.ts";
export { MemoryStore } from "./tsdb/memory_store.ts";
export { mergeSeries } from "./tsdb/merge_series.ts";
export type { Scannable, ScannedSeries } from "./tsdb/scanned_series.ts";
export { type Queryable, type SelectRequest, SelectSizeError, type SeriesColumns } from "./tsdb/select.ts";
export { findSeries, labelNames, labelValues, type SeriesQuery } from "./tsdb/series_queries.ts";
export {
  type Batch,
  BATCH_BYTES_MAX,
  BATCH_MUTATIONS_MAX,
  type Entry,
  type Key,
  type KeyPart,
  type ListOptions,
  type Store,
  StoreFullError,
  VALUE_BYTES_MAX,
} from "./tsdb/store.ts";

// PromQL
export { type Expr, typeOf } from "./promql/ast.ts";
export { toJson as exprToJson } from "./promql/ast_json.ts";
export {
  type AnalyzedResult,
  Engine,
  type EngineFeatures,
  type EngineOptions,
  type QueryOptions,
} from "./promql/engine.ts";
export type { PlanReport } from "./promql/explain.ts";
export { FUNCTION_SIGNATURES, type FunctionSignature } from "./promql/function_signatures.ts";
export { parseExpr, parseMetricSelector, type ParserOptions } from "./promql/parser.ts";
export { prettyPrint } from "./promql/pretty_print.ts";
export { print } from "./promql/print.ts";
export { evaluateFragment } from "./promql/pushdown/evaluate_fragment.ts";
export type { Fragment, FragmentEvaluator, FragmentResult } from "./promql/pushdown/fragment.ts";
export { PromQLSyntaxError } from "./promql/promql_syntax_error.ts";
export {
  BadQueryError,
  type ErrorType,
  errorTypeOf,
  ExecutionError,
  QueryCanceledError,
  QueryLimitError,
  QueryTimeoutError,
  StorageError,
} from "./promql/query_errors.ts";
export type {
  MatrixSeries,
  QueryResult,
  QueryStats,
  QueryTimings,
  QueryValue,
} from "./promql/query_result.ts";
export { children, extractSelectors, rewrite, walk } from "./promql/traverse.ts";
export { FLOAT, HISTOGRAM, type InstantSeries, NONE } from "./promql/value.ts";
