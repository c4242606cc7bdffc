import type { Metric, MetricFamily } from "../../engine/exposition/metric_family.ts";
import { negotiate } from "../../engine/exposition/negotiation.ts";
import { writeExposition, type WriteOptions } from "../../engine/exposition/writer.ts";
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
import { bytesOf, type Chunks } from "./json/chunks.ts";
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

  const newest = async (request: Request): Promise<NewestSample[]> => {
    const endMs = Math.trunc(now());
    const samples = new Map<string, NewestSample>();
    for (const text of new URL(request.url).searchParams.getAll("match[]")) {
      const matchers = parseMetricSelector(text);
      const { signal } = request;
      const found = await shards.select({ matchers, startMs: endMs - lookbackDeltaMs, endMs, signal });
      for (const series of found) {
        const sample = newestSample(series);
        if (sample !== undefined) samples.set(series.labels.key(), sample);
      }
    }
    return [...samples.values()];
  };

  router.page("/federate", async (request): Promise<Answer> => {
    const { format, escaping, contentType } = negotiate(request.headers.get("Accept"), ["text-0.0.4"]);
    let samples: NewestSample[];
    try {
      samples = await newest(request);
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
      headers: { "Content-Type": contentType },
      chunks: textChunks(families, { format, escaping }),
    };
  });
}

interface NewestSample {
  readonly labels: Labels;
  readonly timeMs: number;
  readonly value: number;
  readonly histogram?: FloatHistogram;
}

/** Undefined where the series is stale, or its newest sample is a histogram that text cannot hold. */
function newestSample({ labels, times, values, histograms }: SeriesColumns): NewestSample | undefined {
  const words = wordsOf(values);
  for (let i = times.length - 1; i >= 0; i--) {
    const timeMs = times[i], value = values[i], histogram = histograms?.[i];
    if (histogram !== undefined) {
      return histogram.usesCustomBuckets ? { labels, timeMs, value, histogram } : undefined;
    }
    if (isStale(words, i)) return undefined;
    if (!isAbsent(words, i)) return { labels, timeMs, value };
  }
  return undefined;
}

/** By name; floats and histograms of one name are families of their own. */
function* federatedFamilies(samples: NewestSample[], external: Labels): Generator<MetricFamily> {
  const added = new Map([["instance", ""], ...external]);
  const nameOf = ({ labels }: NewestSample) => labels.get(METRIC_NAME);
  samples.sort((a, b) =>
    compareUtf8(nameOf(a), nameOf(b)) ||
    Number(a.histogram !== undefined) - Number(b.histogram !== undefined) ||
    compareLabels(a.labels, b.labels)
  );
  for (let start = 0, end = 0; start < samples.length; start = end) {
    const first = samples[start], name = nameOf(first), isHistogram = first.histogram !== undefined;
    const metrics: Metric[] = [];
    for (; end < samples.length; end++) {
      const sample = samples[end];
      if (nameOf(sample) !== name || (sample.histogram !== undefined) !== isHistogram) break;
      metrics.push(metricOf(sample, added));
    }
    yield { name, help: "", type: isHistogram ? "histogram" : "unknown", metrics };
  }
}

function metricOf({ labels, timeMs, value, histogram }: NewestSample, added: Map<string, string>): Metric {
  const exposed = { labels: withMissing(labels.withoutName(), added), timestampMs: timeMs };
  if (histogram === undefined) return { ...exposed, value };
  const { count, sum } = histogram;
  return { ...exposed, histogram: { count, sum, buckets: cumulativeBuckets(histogram) } };
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

/** Characters of a chunk, about. */
const CHUNK_CHARS = 64 * 1024;

function* textChunks(families: Iterable<MetricFamily>, options: WriteOptions): Generator<Chunk, void> {
  let text = "";
  for (const family of families) {
    text += writeExposition([family], options);
    if (text.length < CHUNK_CHARS) continue;
    yield bytesOf(text);
    text = "";
  }
  yield bytesOf(text);
}

type Chunk = Chunks extends Iterable<infer C> ? C : never;
