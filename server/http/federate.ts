import { encodeExposition } from "../../engine/exposition/encode_exposition.ts";
import type { ExposedHistogram, Metric, MetricFamily } from "../../engine/exposition/metric_family.ts";
import { negotiate, type Negotiated } from "../../engine/exposition/negotiation.ts";
import { positiveBuckets } from "../../engine/histogram/bucket.ts";
import type { FloatHistogram } from "../../engine/histogram/float_histogram.ts";
import { compareLabels, compareUtf8, Labels, METRIC_NAME } from "../../engine/labels/labels.ts";
import { parseMetricSelector } from "../../engine/promql/parser.ts";
import { PromQLSyntaxError } from "../../engine/promql/promql_syntax_error.ts";
import { isAbsent, isStale, wordsOf } from "../../engine/sample.ts";
import type { SeriesColumns } from "../../engine/tsdb/select.ts";
import { shardUnavailableBehind } from "../shard/shard_unavailable.ts";
import { type Answer, textAnswer } from "./answer.ts";
import type { AppDeps } from "./deps.ts";
import type { Chunks } from "./json/chunks.ts";
import type { Router } from "./router.ts";

type FederationDeps = Pick<
  AppDeps,
  "shards" | "configuration" | "lookbackDeltaMs" | "registry" | "now" | "log"
>;

/** `/federate`: the newest sample of each series that a `match[]` selects, as a target exposes its metrics. */
export function addFederation(router: Router, deps: FederationDeps): void {
  const { shards, configuration, lookbackDeltaMs, registry, now, log } = deps;
  const errors = registry.counter({
    name: "prometheus_web_federation_errors_total",
    help: "Total number of errors that occurred while sending federation responses.",
  });
  registry.counter({
    name: "prometheus_web_federation_warnings_total",
    help: "Total number of warnings that occurred while sending federation responses.",
  });

  const newest = async (request: Request, takesNative: boolean): Promise<NewestSample[]> => {
    const endMs = Math.trunc(now());
    const samples = new Map<string, NewestSample>();
    for (const text of new URL(request.url).searchParams.getAll("match[]")) {
      const matchers = parseMetricSelector(text);
      const { signal } = request;
      const found = await shards.select({ matchers, startMs: endMs - lookbackDeltaMs, endMs, signal });
      for (const series of found) {
        const sample = newestSample(series);
        if (sample === undefined) continue;
        if (!takesNative && sample.histogram?.usesCustomBuckets === false) continue;
        samples.set(series.labels.key(), sample);
      }
    }
    return [...samples.values()];
  };

  router.page("/federate", async (request): Promise<Answer> => {
    const negotiated = negotiate(request.headers.get("Accept"), ["text-0.0.4", "protobuf"]);
    let samples: NewestSample[];
    try {
      samples = await newest(request, negotiated.format === "protobuf");
    } catch (error) {
      const { message } = error as Error;
      if (error instanceof PromQLSyntaxError) return textAnswer(`${message}\n`, { status: 400 });
      errors.inc();
      const unavailable = shardUnavailableBehind(error);
      if (unavailable !== undefined) return textAnswer(`${unavailable.message}\n`, { status: 503 });
      log.error("Cannot federate", { url: request.url, err: error });
      return textAnswer(`${message}\n`, { status: 500 });
    }
    const named = samples.filter(({ labels }) => labels.has(METRIC_NAME));
    if (named.length < samples.length) {
      log.warn("Series without a name are not federated", { series: samples.length - named.length });
    }
    const families = federatedFamilies(named, configuration.current().global.externalLabels);
    return {
      status: 200,
      headers: { "Content-Type": negotiated.contentType },
      chunks: encodedChunks(families, negotiated),
    };
  });
}

interface NewestSample {
  readonly labels: Labels;
  readonly timeMs: number;
  readonly value: number;
  readonly histogram?: FloatHistogram;
}

/** Undefined where the series is stale or has no sample. */
function newestSample({ labels, times, values, histograms }: SeriesColumns): NewestSample | undefined {
  const words = wordsOf(values);
  for (let i = times.length - 1; i >= 0; i--) {
    const timeMs = times[i], value = values[i], histogram = histograms?.[i];
    if (histogram !== undefined) return { labels, timeMs, value, histogram };
    if (isStale(words, i)) return undefined;
    if (!isAbsent(words, i)) return { labels, timeMs, value };
  }
  return undefined;
}

/** By name; floats, histograms and gauge histograms of one name are families of their own. */
function* federatedFamilies(samples: NewestSample[], external: Labels): Generator<MetricFamily> {
  const added = new Map([["instance", ""], ...external]);
  const nameOf = ({ labels }: NewestSample) => labels.get(METRIC_NAME);
  samples.sort((a, b) =>
    compareUtf8(nameOf(a), nameOf(b)) || TYPES.indexOf(typeOf(a)) - TYPES.indexOf(typeOf(b)) ||
    compareLabels(a.labels, b.labels)
  );
  for (let start = 0, end = 0; start < samples.length; start = end) {
    const first = samples[start], name = nameOf(first), type = typeOf(first);
    const metrics: Metric[] = [];
    for (; end < samples.length; end++) {
      const sample = samples[end];
      if (nameOf(sample) !== name || typeOf(sample) !== type) break;
      metrics.push(metricOf(sample, added));
    }
    yield { name, help: "", type, metrics };
  }
}

/** In the order of families that share a name. */
const TYPES = ["unknown", "histogram", "gaugehistogram"] as const;

function typeOf({ histogram }: NewestSample): typeof TYPES[number] {
  if (histogram === undefined) return "unknown";
  return histogram.counterResetHint === "gauge" ? "gaugehistogram" : "histogram";
}

function metricOf({ labels, timeMs, value, histogram }: NewestSample, added: Map<string, string>): Metric {
  const exposed = { labels: withMissing(labels.withoutName(), added), timestampMs: timeMs };
  if (histogram === undefined) return { ...exposed, value };
  return { ...exposed, histogram: exposedHistogram(histogram) };
}

function exposedHistogram(histogram: FloatHistogram): ExposedHistogram {
  const { count, sum } = histogram;
  if (histogram.usesCustomBuckets) return { count, sum, buckets: cumulativeBuckets(histogram) };
  return { count, sum, buckets: [], native: histogram };
}

/** The labels and those of `added` that they lack; an empty one is written, so that its scraper does not set it. */
function withMissing(labels: Labels, added: Map<string, string>): Labels {
  const missing = [...added].filter(([name]) => !labels.has(name));
  if (missing.length === 0) return labels;
  return Labels.fromSortedPairs([...labels, ...missing].sort(([a], [b]) => compareUtf8(a, b)).flat());
}

function cumulativeBuckets(histogram: FloatHistogram): { upperBound: number; count: number }[] {
  const counts = new Map(Array.from(positiveBuckets(histogram), ({ upper, count }) => [upper, count]));
  let count = 0;
  return Array.from(histogram.customValues, (upperBound) => {
    count += counts.get(upperBound) ?? 0;
    return { upperBound, count };
  });
}

/** Metrics of a chunk, at the least; all of a family are in one. */
const CHUNK_METRICS = 512;

function* encodedChunks(families: Iterable<MetricFamily>, format: Negotiated): Generator<Chunk, void> {
  let batch: MetricFamily[] = [], metrics = 0;
  for (const family of families) {
    batch.push(family);
    metrics += family.metrics.length;
    if (metrics < CHUNK_METRICS) continue;
    yield encodeExposition(batch, format);
    batch = [];
    metrics = 0;
  }
  yield encodeExposition(batch, format);
}

type Chunk = Chunks extends Iterable<infer C> ? C : never;
