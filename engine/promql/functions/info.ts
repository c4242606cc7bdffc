import { type Labels, METRIC_NAME } from "../../labels/labels.ts";
import { LabelsBuilder } from "../../labels/builder.ts";
import { Matcher } from "../../labels/matcher.ts";
import type { Expr, Subquery, TimeShift } from "../ast.ts";
import { ExecutionError } from "../query_errors.ts";
import { walk } from "../traverse.ts";
import {
  FLOAT,
  HISTOGRAM,
  type InstantSeries,
  newSeries,
  NONE,
  setHistogram,
  stepTime,
  type Vector,
} from "../value.ts";
import { type FunctionCall, type FunctionTable, type SampledSeries, vectorArgument } from "./registry.ts";

/** `info()`: adds the labels of info series, such as `target_info`, that have the same job and instance. */
export const INFO_FUNCTIONS: FunctionTable = { info: { kind: "vector", evaluate: info } };

const IDENTIFYING = ["instance", "job"];
const DEFAULT_NAME = "target_info";

/**
 * @throws {ExecutionError} If info metrics disagree about a label, two info series of the same metric and time fit, or
 * one holds histograms.
 */
async function info(call: FunctionCall): Promise<Vector> {
  const base = vectorArgument(call, 0);
  const [expr, filter] = call.node.args;
  if (filter !== undefined && filter.kind !== "vectorSelector") {
    throw new TypeError("BUG: the second argument of info() is a selector");
  }
  const wanted = new Wanted(filter?.matchers ?? []);
  const enriched = base.filter(({ labels }) => !wanted.isInfoMetric(labels.get(METRIC_NAME)));
  const untouched = base.filter(({ labels }) => wanted.isInfoMetric(labels.get(METRIC_NAME)));
  const candidates = await fetchInfoSeries(enriched, wanted, call, lookupOf(expr));
  return [...untouched, ...enriched.flatMap((series) => enrich(series, candidates, wanted, call))];
}

/** What the second argument asks for. */
class Wanted {
  /** Which metrics are info metrics. */
  readonly names: readonly Matcher[];
  /** Conditions on data labels; also, if there are any, the only labels to add. */
  readonly data: readonly Matcher[];
  readonly #dataNames: ReadonlySet<string>;

  constructor(matchers: readonly Matcher[]) {
    this.data = matchers.filter(({ name }) => name !== METRIC_NAME);
    this.#dataNames = new Set(this.data.map(({ name }) => name));
    const names = matchers.filter(({ name }) => name === METRIC_NAME);
    if (names.some(({ type }) => type === "=" || type === "=~")) this.names = names;
    else if (names.length > 0) this.names = [new Matcher("=~", METRIC_NAME, ".+_info"), ...names];
    else this.names = [new Matcher("=", METRIC_NAME, DEFAULT_NAME)];
  }

  isInfoMetric(name: string): boolean {
    return this.names.every((matcher) => matcher.matches(name));
  }

  wants(label: string): boolean {
    return this.data.length === 0 || this.#dataNames.has(label);
  }

  /** Whether series without any info series may stay. */
  get allowsNone(): boolean {
    return this.data.every(({ matchesEmpty }) => matchesEmpty);
  }
}

/** When info series are looked up: as the first selector of the base expression. `@` is a timestamp by now. */
type Lookup = Pick<TimeShift, "at" | "offsetMs">;

/** The innermost `@` around the first selector of `expr`, and the offsets up to it. */
function lookupOf(expr: Expr): Lookup {
  let found: Lookup | undefined;
  walk(expr, (node, ancestors) => {
    if (found !== undefined) return false;
    if (node.kind !== "vectorSelector") return;
    let { at, offsetMs } = node;
    const subqueries = ancestors.filter((above): above is Subquery => above.kind === "subquery");
    while (at === null && subqueries.length > 0) {
      const around = subqueries.pop()!;
      offsetMs += around.offsetMs;
      at = around.at;
    }
    found = { at, offsetMs };
  });
  return found ?? { at: null, offsetMs: 0 };
}

/** Info series by identity, see `identityOf`. */
type Candidates = ReadonlyMap<string, readonly SampledSeries[]>;

async function fetchInfoSeries(
  base: Vector,
  wanted: Wanted,
  call: FunctionCall,
  { at, offsetMs }: Lookup,
): Promise<Candidates> {
  const identity = IDENTIFYING.flatMap((label) => {
    const values = new Set(base.map(({ labels }) => labels.get(label)));
    values.delete("");
    if (values.size === 0) return [];
    return [new Matcher("=~", label, [...values].map(quoteRegexp).join("|"))];
  });
  if (identity.length === 0) return new Map();
  const { steps, lookbackDeltaMs } = call;
  const atMs = at !== null && "timestampMs" in at ? at.timestampMs : undefined;
  const series = await call.select({
    matchers: [...identity, ...wanted.data, ...wanted.names],
    startMs: (atMs ?? steps.startMs) - offsetMs - lookbackDeltaMs + 1,
    endMs: (atMs ?? stepTime(steps, steps.count - 1)) - offsetMs,
  });
  const candidates = new Map<string, SampledSeries[]>();
  for (const columns of series) {
    const found = call.sampleAt(columns, { offsetMs, atMs });
    if (found === undefined) continue;
    if (found.series.histograms !== undefined) {
      throw new ExecutionError(`this should be an info metric, with float samples: ${columns.labels}`);
    }
    const key = identityOf(columns.labels);
    const known = candidates.get(key);
    if (known === undefined) candidates.set(key, [found]);
    else known.push(found);
  }
  return candidates;
}

function quoteRegexp(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");
}

function identityOf(labels: Labels): string {
  return JSON.stringify(IDENTIFYING.map((label) => labels.get(label)));
}

/** The series with labels added; several where the info series change over time. */
function enrich(series: InstantSeries, candidates: Candidates, wanted: Wanted, call: FunctionCall): Vector {
  const fitting = candidates.get(identityOf(series.labels)) ?? [];
  // The same info series apply at most steps, so that label sets are put together once for each choice of them.
  const outputs = new Map<string, InstantSeries | undefined>();
  const results: Vector = [];
  for (let step = 0; step < call.steps.count; step++) {
    if (series.present[step] === NONE) continue;
    const chosen = newestOfEachMetric(fitting, step);
    const key = chosen.map((i) => fitting.indexOf(i)).join();
    let out = outputs.get(key);
    if (!outputs.has(key)) {
      const labels = chosen.length === 0 && !wanted.allowsNone
        ? undefined
        : enrichedLabels(series.labels, chosen, wanted);
      // Different info series may give the same labels.
      out = labels && (results.find((known) => known.labels.equals(labels)) ??
        newSeries(labels, series.dropName, call.steps));
      if (out !== undefined && !results.includes(out)) results.push(out);
      outputs.set(key, out);
    }
    if (out === undefined) continue;
    if (series.present[step] === HISTOGRAM) setHistogram(out, step, series.histograms![step]!);
    else {
      out.values[step] = series.values[step];
      out.present[step] = FLOAT;
    }
  }
  return results;
}

function newestOfEachMetric(fitting: readonly SampledSeries[], step: number): SampledSeries[] {
  const byMetric = new Map<string, SampledSeries>();
  for (const candidate of fitting) {
    const { labels, present } = candidate.series;
    if (present[step] === NONE) continue;
    const ms = candidate.sampleTimes[step];
    const metric = labels.get(METRIC_NAME);
    const known = byMetric.get(metric);
    if (known !== undefined && known.sampleTimes[step] === ms) {
      throw new ExecutionError(
        `found duplicate series for info metric: existing ${known.series.labels} @ ${ms}, new ${labels} @ ${ms}`,
      );
    }
    if (known === undefined || known.sampleTimes[step] < ms) byMetric.set(metric, candidate);
  }
  return [...byMetric.values()];
}

/** @throws {ExecutionError} If two info metrics have different values for a label to be added. */
function enrichedLabels(labels: Labels, chosen: readonly SampledSeries[], wanted: Wanted): Labels {
  const builder = new LabelsBuilder(labels);
  const added = new Map<string, string>();
  for (const { series } of chosen) {
    for (const [name, value] of series.labels) {
      if (name === METRIC_NAME || !wanted.wants(name)) continue;
      if ((added.get(name) ?? value) !== value) throw new ExecutionError(`conflicting label: ${name}`);
      if (labels.has(name)) continue;
      added.set(name, value);
      builder.set(name, value);
    }
  }
  return builder.labels();
}
