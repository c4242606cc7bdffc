import type { SeriesColumns } from "../tsdb/select.ts";
import { typeOf } from "./ast.ts";
import { isSetOperator, scalarOperation } from "./binary_operation.ts";
import { ABSENT_FUNCTIONS } from "./functions/absent.ts";
import { checkExtension } from "./functions/check_extension.ts";
import { rangeArgument } from "./functions/range_call.ts";
import type { FunctionCall, SampledSeries, SampleShift } from "./functions/registry.ts";
import { aggregate, aggregateQuantile, aggregateSource, isReduction } from "./operators/aggregate.ts";
import { CollectedSamples, type SubquerySamples } from "./operators/collected_samples.ts";
import { countValues } from "./operators/count_values.ts";
import { NewestSamples, referenceTimes } from "./operators/instant_selector.ts";
import { holdWindows } from "./operators/held_windows.ts";
import { negateVector } from "./operators/negate.ts";
import { partsOf, samplesOf, timesOf, WindowCutter, windowCutter } from "./operators/range_windows.ts";
import { haveOneName, mergeSameLabels } from "./operators/same_labels.ts";
import { isRanking, limitRatio, selectK, selectsAny } from "./operators/select_elements.ts";
import {
  materialize,
  rangeCallSource,
  selectorSource,
  type SeriesSource,
} from "./operators/series_source.ts";
import { setOperation } from "./operators/set_operation.ts";
import { smoothInstant } from "./operators/smoothed_selector.ts";
import { mapInTurns, Turns } from "./operators/turns.ts";
import { vectorBinary } from "./operators/vector_binary.ts";
import { vectorScalar } from "./operators/vector_scalar.ts";
import { fixedTime, inputsOf, type PlanNode } from "./plan.ts";
import { operatorsIn, seriesArgument } from "./pushdown/fragment.ts";
import type { SubqueryPlace } from "./sample_account.ts";
import type { SelectedSamples } from "./selected_samples.ts";
import type { QueryRun } from "./query_run.ts";
import {
  hasSamples,
  type InstantSeries,
  type RangeSeries,
  type RangeVector,
  type ScalarColumn,
  type Steps,
  type Value,
  type Vector,
} from "./value.ts";

type Node<Kind extends PlanNode["kind"]> = Extract<PlanNode, { kind: Kind }>;

/** What one operator of a plan did, for EXPLAIN ANALYZE. */
interface NodeObserver {
  (node: PlanNode, steps: Steps, value: Value, elapsedMs: number): void;
}

/** Evaluates plans for one query. */
export class Evaluator {
  readonly #run: QueryRun;
  readonly #observe: NodeObserver | undefined;
  /** Operators that are being evaluated, each for the one before. */
  #level = 0;
  /** Of subqueries that are evaluated part by part, how many this evaluation is inside of. */
  #partsInside = 0;
  /** What does not depend on the step, and so is the same in all parts, with the samples that it looks at. */
  readonly #ofAllParts = new Map<PlanNode, { readonly value: Value; readonly samples: number }>();
  /** What is evaluated first: the query itself. */
  #root: PlanNode | undefined;
  /** Arguments of a call or an operator that was to be pushed down, should it come back. */
  readonly #scalars = new Map<PlanNode, Value>();
  /** Operators of what came back: only what they are over is tried again. */
  readonly #cameBack = new Set<PlanNode>();

  constructor(run: QueryRun, observe?: NodeObserver) {
    this.#run = run;
    this.#observe = observe;
  }

  /**
   * The value of `node` at all steps.
   * @throws {ExecutionError|QueryTimeoutError|QueryCanceledError|StorageError}
   */
  async evaluate(node: PlanNode, steps: Steps): Promise<Value> {
    this.#root ??= node;
    const pause = this.#run.checkpoint();
    if (pause !== undefined) await pause;
    // What comes after an `await` starts with an empty stack, however deep the plan is.
    if (++this.#level % STACKED_MAX === 0) await undefined;
    const { now, account } = this.#run.options;
    const before = account.current, startMs = now();
    const value = await this.#evaluate(node, steps);
    if (!HOLDS_SAMPLES.has(node.kind)) account.settle(before, value);
    this.#observe?.(node, steps, value, now() - startMs);
    this.#level--;
    return value;
  }

  async #evaluate(node: PlanNode, steps: Steps): Promise<Value> {
    this.#run.check();
    switch (node.kind) {
      case "number":
        this.#run.options.account.expect(steps.count);
        return { type: "scalar", values: new Float64Array(steps.count).fill(node.value) };
      case "string":
        return { type: "string", text: node.text };
      case "select":
        return vector(await this.#pushDown(node, steps) ?? await this.#select(node, steps));
      case "windows":
        return { type: "matrix", range: await this.#windows(node, steps) };
      case "subquery":
        return { type: "matrix", range: await this.#subquery(node, steps) };
      case "call": {
        const pushed = await this.#pushDown(node, steps);
        return pushed === undefined ? await this.#call(node, steps) : vector(pushed);
      }
      case "aggregate":
        return vector(await this.#pushDown(node, steps) ?? await this.#aggregate(node, steps));
      case "binary": {
        const pushed = await this.#pushDown(node, steps);
        return pushed === undefined ? await this.#binary(node, steps) : vector(pushed);
      }
      case "negate":
        return await this.#negate(node, steps);
      case "once":
        return await this.#once(node, steps);
    }
  }

  /** The value of `node` from who has the samples; undefined where it has to be evaluated here. */
  async #pushDown(node: PlanNode, steps: Steps): Promise<Vector | undefined> {
    if (this.#cameBack.has(node) || !this.#run.canPushDown(node)) return undefined;
    const k = await this.#rankingParameter(node, steps);
    if (k !== undefined && !selectsAny(k)) return undefined;
    const operators = operatorsIn(node);
    const scalars: (ScalarColumn | undefined)[][] = [];
    for (const operator of operators) {
      if (operator.kind === "call") checkExtension(operator.expr);
      scalars.push(await this.#scalarArguments(operator, steps));
    }
    const pushed = await this.#run.pushDown(node, steps, { scalars, k });
    if (pushed === undefined) {
      for (const operator of operators) if (operator.kind === "binary") this.#cameBack.add(operator);
      return undefined;
    }
    for (const operator of [node, ...operators]) {
      for (const arg of inputsOf(operator)) this.#scalars.delete(arg);
    }
    return pushed;
  }

  /** The parameter of an aggregation that takes the best k elements, kept should it come back. */
  async #rankingParameter(node: PlanNode, steps: Steps): Promise<ScalarColumn | undefined> {
    if (node.kind !== "aggregate" || !isRanking(node.expr.op)) return undefined;
    const value = await this.evaluate(node.param!, steps);
    this.#scalars.set(node.param!, value);
    return scalarOf(value);
  }

  /** The scalar arguments of what is to be pushed down, by position, kept should it come back. */
  async #scalarArguments(
    operator: Node<"call" | "binary">,
    steps: Steps,
  ): Promise<(ScalarColumn | undefined)[]> {
    const vector = seriesArgument(operator);
    const scalars: (ScalarColumn | undefined)[] = [];
    for (const arg of inputsOf(operator)) {
      if (arg.kind === "windows" || arg === vector) {
        scalars.push(undefined);
        continue;
      }
      const value = this.#scalars.get(arg) ?? await this.evaluate(arg, steps);
      this.#scalars.set(arg, value);
      scalars.push(scalarOf(value));
    }
    return scalars;
  }

  /** The value of what may have been a scalar argument of a call or an operator that came back. */
  async #argument(node: PlanNode, steps: Steps): Promise<Value> {
    const known = this.#scalars.get(node);
    this.#scalars.delete(node);
    return known ?? await this.evaluate(node, steps);
  }

  async #vector(node: PlanNode, steps: Steps): Promise<Vector> {
    const value = await this.evaluate(node, steps);
    if (value.type !== "vector") throw new TypeError(`BUG: expected a vector, found a ${value.type}`);
    return value.series;
  }

  async #select(node: Node<"select">, steps: Steps): Promise<Vector> {
    const run = this.#run;
    const { expr, quantity } = node;
    if (quantity === "start timestamps" && !run.options.useStartTimestamps) return [];
    if (expr.isSmoothed) {
      const at = referenceTimes(steps, expr.offsetMs, fixedTime(expr));
      return await smoothInstant(expr, (await this.#selected(node)).samples, at, steps, run);
    }
    const result = await materialize(await this.#selectorSource(node, steps), steps, run);
    return quantity === "values" ? result : this.#unique(result, steps);
  }

  async #selectorSource(node: Node<"select">, steps: Steps): Promise<SeriesSource> {
    const { expr, quantity } = node;
    const at = referenceTimes(steps, expr.offsetMs, fixedTime(expr));
    return selectorSource(await this.#selected(node), at, quantity, this.#run);
  }

  async #selected({ selection, statisticsOnly }: Node<"select" | "windows">): Promise<SelectedSamples> {
    await this.#run.load([selection]);
    const selected = this.#run.selected(selection);
    return statisticsOnly ? selected.statistics : selected;
  }

  async #windows(node: Node<"windows">, steps: Steps): Promise<RangeVector> {
    const { expr } = node;
    const { selector, rangeMs } = expr;
    const { lookbackDeltaMs, account } = this.#run.options;
    const endsMs = referenceTimes(steps, selector.offsetMs, fixedTime(selector));
    const cutter = windowCutter(expr, endsMs, lookbackDeltaMs);
    const { samples: selected } = await this.#selected(node);
    const series = await mapInTurns(
      selected,
      steps.count,
      this.#run,
      (samples) => cutter.cut(samples, false),
    );
    const { largest, all } = await this.#lookThrough(series, steps, true);
    account.hold(node === this.#root ? all : largest);
    return { series, rangeMs, endsMs };
  }

  async #subquery(node: Node<"subquery">, steps: Steps): Promise<RangeVector> {
    const { expr, input } = node;
    const { rangeMs, offsetMs } = expr;
    const { account } = this.#run.options;
    const endsMs = referenceTimes(steps, offsetMs, fixedTime(expr));
    const stepMs = expr.stepMs === 0 ? this.#run.options.subqueryStepMs(rangeMs) : expr.stepMs;
    // Steps are multiples of the step width, whatever the evaluation time.
    const afterMs = endsMs[0]! - rangeMs;
    let startMs = stepMs * Math.trunc(afterMs / stepMs);
    if (startMs <= afterMs) startMs += stepMs;
    const lastMs = endsMs[endsMs.length - 1]!;
    if (lastMs < startMs) return { series: [], rangeMs, endsMs };
    const inner: Steps = { startMs, stepMs, count: Math.floor((lastMs - startMs) / stepMs) + 1 };
    account.reserve(inner.count);
    const isFixed = fixedTime(expr) !== undefined;
    const place = { rangeMs, offsetMs, isResult: node === this.#root, isFixed };
    const samples = await this.#subquerySamples(input, inner, place);
    const cutter = new WindowCutter(endsMs, rangeMs);
    const series = await mapInTurns(samples, inner.count, this.#run, (one) => cutter.cut(one, one.dropName));
    if (!place.isResult) account.hold((await this.#lookThrough(series, steps, false)).largest);
    return { series, rangeMs, endsMs };
  }

  /** Samples in the largest window of one series, and in that of each series together. */
  async #lookThrough(
    series: readonly RangeSeries[],
    { count }: Steps,
    isRead: boolean,
  ): Promise<{ largest: number; all: number }> {
    const { account } = this.#run.options, turns = new Turns(this.#run);
    let largest = 0, all = 0;
    for (const one of series) {
      const ofOne = account.lookThrough(one, isRead);
      largest = Math.max(largest, ofOne);
      all += ofOne;
      const pause = turns.after(count);
      if (pause !== undefined) await pause;
    }
    return { largest, all };
  }

  /**
   * What a subquery gives. Of very many steps, most of which may have nothing, it takes a part at a time; what windows
   * of two parts share counts as read for both.
   */
  async #subquerySamples(
    input: PlanNode,
    steps: Steps,
    place: SubqueryPlace,
  ): Promise<readonly SubquerySamples[]> {
    const run = this.#run, { account } = run.options;
    const collected = new CollectedSamples();
    const seriesBefore = account.series;
    let left = steps.count, series = seriesBefore;
    for (const part of partsOf(steps, SUBQUERY_STEPS_MAX)) {
      const { heldRows } = run;
      const isPart = part.count < steps.count;
      if (isPart) this.#partsInside++;
      const outer = account.enterSubquery(part, place, left);
      const vector = await this.#vector(input, part);
      account.leaveSubquery(outer, place);
      if (isPart) this.#partsInside--;
      const times = timesOf(part);
      const samples = await mapInTurns(vector, 2 * part.count, run, (one) => samplesOf(one, times));
      if (!isPart) return samples;
      collected.add(samples);
      series = Math.max(series, account.series);
      account.series = seriesBefore;
      // Of histograms there is no copy.
      if (samples.every(({ histograms }) => histograms === undefined)) run.release(heldRows);
      left -= part.count;
    }
    account.series = series;
    return collected.finish();
  }

  async #call(node: Node<"call">, steps: Steps): Promise<Value> {
    const { implementation } = node;
    // Before its arguments, as these take room for as many steps.
    if (isDense(node)) this.#run.options.account.expect(steps.count);
    const call = await this.#prepareCall(node, steps);
    switch (implementation.kind) {
      case "scalar":
        return { type: "scalar", values: implementation.evaluate(call) };
      case "vector": {
        // As upstream does, keeps a sample for every window that is not empty until it knows where all are.
        for (const arg of call.args) {
          if (arg.type === "matrix") await holdWindows(arg.range.series, this.#run);
        }
        const result = await implementation.evaluate(call);
        return vector(this.#unique(result.filter(hasSamples), steps));
      }
      case "range": {
        const range = rangeArgument(call);
        const source = rangeCallSource(implementation, range, call, this.#run);
        const result = await materialize(source, steps, this.#run);
        const isUnique = implementation.keepsName || haveOneName(range.series);
        return vector(isUnique ? result : this.#unique(result, steps));
      }
    }
  }

  async #prepareCall(node: Node<"call">, steps: Steps): Promise<FunctionCall> {
    const { expr, args } = node;
    const run = this.#run;
    checkExtension(expr);
    if (SORT_FUNCTIONS.has(expr.func.name) && steps.count > 1) run.annotations.sortInRangeQuery(expr.span);
    const values: Value[] = [];
    for (const arg of args) {
      values.push(await this.#argument(arg, steps));
    }
    const { options, annotations } = run;
    return {
      node: expr,
      args: values,
      steps,
      annotations,
      delayedNameRemoval: options.delayedNameRemoval,
      typeAndUnitLabels: options.typeAndUnitLabels,
      query: options,
      lookbackDeltaMs: options.lookbackDeltaMs,
      select: (request) => run.select(request),
      checkpoint: () => run.checkpoint(),
      reserve: (cells) => options.account.reserve(cells),
      sampleAt: (series, shift) => this.#sampleAt(series, shift, steps),
    };
  }

  /** The series of `node` one at a time, where an aggregation can take them so. */
  async #source(node: PlanNode, steps: Steps): Promise<SeriesSource | Vector> {
    if (this.#observe !== undefined) return await this.#vector(node, steps);
    if (node.kind === "select" && node.quantity === "values" && !node.expr.isSmoothed) {
      const source = await this.#selectorSource(node, steps);
      return source.mayHaveHistograms ? await materialize(source, steps, this.#run) : source;
    }
    if (node.kind === "call" && node.implementation.kind === "range") {
      const call = await this.#prepareCall(node, steps);
      const range = rangeArgument(call);
      const source = rangeCallSource(node.implementation, range, call, this.#run);
      const isUnique = node.implementation.keepsName || haveOneName(range.series);
      if (isUnique && !source.mayHaveHistograms) return source;
      const result = await materialize(source, steps, this.#run);
      return isUnique ? result : this.#unique(result, steps);
    }
    return await this.#vector(node, steps);
  }

  /** An instant query with delayed name removal may have equal label sets until it ends. */
  #unique(result: Vector, steps: Steps): Vector {
    if (this.#run.options.delayedNameRemoval && steps.count === 1) return result;
    return mergeSameLabels(result);
  }

  #sampleAt(series: SeriesColumns, { offsetMs, atMs }: SampleShift, steps: Steps): SampledSeries | undefined {
    const { lookbackDeltaMs } = this.#run.options;
    const newest = new NewestSamples(referenceTimes(steps, offsetMs, atMs), lookbackDeltaMs);
    const out = this.#run.newSeries(series.labels, false, steps);
    if (newest.fill(series, out) === 0) return undefined;
    const times = this.#run.newSeries(series.labels, false, steps);
    newest.fillTimes(series, "timestamps", times);
    return { series: out, sampleTimes: times.values.map((seconds) => Math.round(seconds * 1000)) };
  }

  async #aggregate({ expr, input, param }: Node<"aggregate">, steps: Steps): Promise<Vector> {
    const run = this.#run;
    if (isReduction(expr.op)) {
      const source = await this.#source(input, steps);
      if (!Array.isArray(source)) return await aggregateSource(expr.op, source, { expr, steps, run });
      return await aggregate(expr.op, { expr, vector: source, steps, run });
    }
    const value = param && await this.#argument(param, steps);
    const aggregation = { expr, vector: await this.#vector(input, steps), steps, run };
    switch (expr.op) {
      case "count_values":
        if (value?.type !== "string") throw new TypeError("BUG: count_values without its label");
        return this.#unique(await countValues(value.text, aggregation), steps);
      case "quantile": {
        const phi = scalarOf(value);
        this.#warnOfQuantile(phi, expr.param!.span);
        return await aggregateQuantile(phi, aggregation);
      }
      case "limit_ratio":
        return await limitRatio(scalarOf(value), aggregation);
      default:
        return await selectK(expr.op, scalarOf(value), aggregation);
    }
  }

  #warnOfQuantile(phi: ScalarColumn, span: Parameters<QueryRun["annotations"]["warn"]>[1]): void {
    const { annotations } = this.#run;
    if (phi.some(Number.isNaN)) annotations.invalidQuantile(NaN, span);
    const numbers = phi.filter((q) => !Number.isNaN(q));
    const max = numbers.reduce((a, b) => Math.max(a, b), -Infinity);
    const min = numbers.reduce((a, b) => Math.min(a, b), Infinity);
    if (max > 1) annotations.invalidQuantile(max, span);
    if (min < 0) annotations.invalidQuantile(min, span);
  }

  async #binary({ expr, lhs, rhs }: Node<"binary">, steps: Steps): Promise<Value> {
    const run = this.#run;
    const left = await this.#argument(lhs, steps), right = await this.#argument(rhs, steps);
    if (left.type === "scalar" && right.type === "scalar") {
      run.options.account.expect(steps.count);
      const values = left.values.map((value, step) => scalarOperation(expr.op, value, right.values[step]!));
      return { type: "scalar", values };
    }
    if (left.type === "vector" && right.type === "vector") {
      const result = isSetOperator(expr.op)
        ? await setOperation(expr, left.series, right.series, run)
        : await vectorBinary({ expr, lhs: left.series, rhs: right.series, steps, run });
      return vector(this.#unique(result, steps));
    }
    const isScalarLeft = left.type === "scalar";
    const [operand, scalar] = isScalarLeft ? [right, left] : [left, right];
    if (operand.type !== "vector" || scalar.type !== "scalar") {
      throw new TypeError(`BUG: cannot apply ${expr.op} to ${typeOf(expr.lhs)} and ${typeOf(expr.rhs)}`);
    }
    const result = await vectorScalar({
      expr,
      vector: operand.series,
      scalar: scalar.values,
      isScalarLeft,
      steps,
      run,
    });
    return vector(haveOneName(operand.series) ? result : this.#unique(result, steps));
  }

  async #negate({ input }: Node<"negate">, steps: Steps): Promise<Value> {
    const value = await this.evaluate(input, steps);
    if (value.type === "scalar") {
      this.#run.options.account.expect(steps.count);
      return { type: "scalar", values: value.values.map((x) => -x) };
    }
    if (value.type !== "vector") throw new TypeError(`BUG: cannot negate a ${value.type}`);
    return vector(this.#unique(await negateVector(value.series, this.#run), steps));
  }

  async #once({ input }: Node<"once">, steps: Steps): Promise<Value> {
    const { account } = this.#run.options;
    const before = account.current;
    const value = await this.#ofFirstStep(input, steps);
    if (steps.count <= 1) return value;
    const repeated = (account.current - before) * (steps.count - 1);
    account.expect(repeated);
    account.hold(repeated);
    if (value.type === "scalar") {
      return { type: "scalar", values: new Float64Array(steps.count).fill(value.values[0]!) };
    }
    if (value.type !== "vector") throw new TypeError(`BUG: cannot repeat a ${value.type}`);
    account.reserve(value.series.length * steps.count);
    return vector(
      await mapInTurns(value.series, steps.count, this.#run, (series) => this.#repeat(series, steps)),
    );
  }

  async #ofFirstStep(node: PlanNode, steps: Steps): Promise<Value> {
    const { account } = this.#run.options;
    const known = this.#ofAllParts.get(node);
    if (known !== undefined) {
      account.settle(account.current, known.value);
      account.lookAgain(known.samples);
      return known.value;
    }
    const first = { ...steps, count: Math.min(1, steps.count) };
    const outer = account.enterOnce(first);
    const value = await this.evaluate(node, first);
    const samples = account.leaveOnce(outer);
    // A copy, as columns of parts are given back; histograms are not copied, but evaluated anew.
    if (this.#partsInside > 0 && !hasHistograms(value)) {
      this.#ofAllParts.set(node, { value: copyOf(value), samples });
    }
    return value;
  }

  #repeat({ labels, dropName, values, present, histograms }: InstantSeries, steps: Steps): InstantSeries {
    const out = this.#run.newSeries(labels, dropName, steps);
    out.values.fill(values[0]!);
    out.present.fill(present[0]!);
    if (histograms !== undefined) out.histograms = new Array(steps.count).fill(histograms[0]);
    return out;
  }
}

/** Operators whose evaluation may call each other on one stack. */
const STACKED_MAX = 64;

/** Steps of a subquery that are evaluated at one go: more of them would keep other work waiting. */
const SUBQUERY_STEPS_MAX = 1 << 16;

/** Operators that count what they hold themselves: until what takes it has settled, unless it is the result. */
const HOLDS_SAMPLES: ReadonlySet<PlanNode["kind"]> = new Set(["windows", "subquery", "once"]);

/** Whether a call has a column for all steps, whatever series there are. */
function isDense({ expr, implementation }: Node<"call">): boolean {
  return implementation.kind === "scalar" || ABSENT_FUNCTIONS[expr.func.name] !== undefined ||
    !expr.args.some((arg) => SERIES_TYPES.has(typeOf(arg)));
}

const SERIES_TYPES: ReadonlySet<string> = new Set(["vector", "matrix"]);

function hasHistograms(value: Value): boolean {
  return value.type === "vector" && value.series.some(({ histograms }) => histograms !== undefined);
}

function copyOf(value: Value): Value {
  if (value.type !== "vector") return value;
  return vector(
    value.series.map((series) => ({
      ...series,
      values: series.values.slice(),
      present: series.present.slice(),
    })),
  );
}

function vector(series: Vector): Value {
  return { type: "vector", series };
}

function scalarOf(value: Value | undefined): ScalarColumn {
  if (value?.type !== "scalar") throw new TypeError("BUG: aggregation without its parameter");
  return value.values;
}

const SORT_FUNCTIONS: ReadonlySet<string> = new Set([
  "sort",
  "sort_desc",
  "sort_by_label",
  "sort_by_label_desc",
]);
