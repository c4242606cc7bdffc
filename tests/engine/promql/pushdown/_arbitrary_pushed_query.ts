import fc from "fast-check";
import { METRICS } from "./_arbitrary_parts.ts";

/*
 * Queries as text, made mostly of what can be pushed down. What jumps where its operand changes by a rounding error, or
 * with the order of equal operands, is only put over what is exact.
 */

type Text = fc.Arbitrary<string>;

/** A query and whether its numbers are to be the same to the last bit. */
export interface PushedQuery {
  readonly text: string;
  readonly isExact: boolean;
}

const matchers = fc.constantFrom("", "", "", '{a="1"}', '{a=~".+", b!="2"}', '{b=""}', '{a="none"}');
const names = fc.constantFrom(
  '{__name__=~"g2?"}',
  '{__name__=~"g|d", a="1"}',
  '{__name__=~"c_total|b_bucket"}',
  '{__name__=~"h|m"}',
  '{__name__=~"b_bucket|b2_bucket"}',
  '{__name__=~"b_bucket|h"}',
  '{__name__=~".+", a="2"}',
);
const shift = fc.constantFrom(
  "",
  "",
  "",
  "",
  " offset 1m",
  " offset -90s",
  " @ 300",
  " @ end()",
  " @ start() offset 1m",
);
const range = fc.constantFrom("1m", "1m30s", "3m", "5m", "10m");

const selected: Text = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(fc.constantFrom(...METRICS, "h", "h"), matchers).map((parts) => parts.join("")),
  },
  { weight: 1, arbitrary: names },
);
const selector: Text = fc.tuple(selected, shift).map((parts) => parts.join(""));
const windows: Text = fc.tuple(selected, range, shift).map(([of, window, at]) => `${of}[${window}]${at}`);
const maybeInParens = (of: Text): Text =>
  fc.oneof({ weight: 6, arbitrary: of }, { weight: 1, arbitrary: of.map((text) => `(${text})`) });

export const RANGE_FUNCTIONS =
  ("rate increase delta irate idelta deriv changes resets avg_over_time sum_over_time " +
    "min_over_time max_over_time count_over_time last_over_time first_over_time present_over_time stddev_over_time " +
    "stdvar_over_time mad_over_time ts_of_first_over_time ts_of_last_over_time ts_of_min_over_time ts_of_max_over_time")
    .split(" ");

const scalar = fc.constantFrom("0.5", "-1", "2", "time()", "scalar(vector(3))", "+2", "(-1)");

const rangeCall: Text = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(fc.constantFrom(...RANGE_FUNCTIONS), maybeInParens(windows)).map(([name, of]) =>
      `${name}(${of})`
    ),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.tuple(scalar, windows).map(([q, of]) => `quantile_over_time(${q}, ${of})`),
      fc.tuple(windows, scalar).map(([of, ahead]) => `predict_linear(${of}, ${ahead})`),
      windows.map((of) => `double_exponential_smoothing(${of}, 0.4, 0.6)`),
    ),
  },
);

/** A number of each histogram. */
const ofHistograms: Text = fc.tuple(
  fc.constantFrom(
    ...["count", "sum", "avg", "stddev", "stdvar"].map((name) => `histogram_${name}(`),
    ...["0.5", "0.9", "1", "1.5", "scalar(vector(0.3))", "(time() / 1000 + 2) % 1"]
      .map((phi) => `histogram_quantile(${phi}, `),
    "histogram_fraction(0, 2, ",
    "histogram_fraction(-1, time() % 3, ",
  ),
  fc.oneof(selector, rangeCall, maybeInParens(rangeCall), rangeCall.map((of) => `+${of}`)),
).map(([call, of]) => `${call}${of})`);

/** A number of each classic histogram. */
const ofBuckets: Text = fc.tuple(
  fc.constantFrom(
    ...["0.5", "0.9", "1", "-1", "(time() / 1000 + 2) % 1"].map((phi) => `histogram_quantile(${phi}, `),
    "histogram_fraction(0, 2, ",
    "histogram_fraction(-1, time() % 3, ",
  ),
  fc.constantFrom("b_bucket", "b_bucket", "b2_bucket", '{__name__=~"b2?_bucket"}', 'b_bucket{a!="2"}'),
  fc.constantFrom(
    (of: string) => of,
    (of: string) => `rate(${of}[3m])`,
    (of: string) => `increase(${of}[90s])`,
  ),
).map(([call, of, over]) => `${call}${over(of)})`);

/** What each series, or each histogram, has a result of its own of, whatever the others are. */
const plainSeries: Text = fc.oneof(
  { weight: 2, arbitrary: ofHistograms },
  { weight: 2, arbitrary: ofBuckets },
  { weight: 3, arbitrary: selector },
  { weight: 4, arbitrary: rangeCall },
  { weight: 1, arbitrary: selector.map((of) => `timestamp(${of})`) },
);

/** What stands beside a vector: mostly within the values of gauges. */
const number = fc.oneof(
  fc.integer({ min: -20, max: 20 }).map(String),
  fc.constantFrom("0", "0.5", "NaN", "Inf", "-Inf", "2 * 3 - 1", "+2", "(1 > bool 2)", "1 / 0"),
  fc.constantFrom(
    "time()",
    "(time() - 300)",
    "pi()",
    "-time()",
    "scalar(vector(2))",
    'scalar(g{a="2", b="1"})',
  ),
);
const scalarOperator = fc.constantFrom(
  ...["+", "-", "*", "/", "%", "^", "atan2", "</", ">/"],
  ...["==", "!=", "<", "<=", ">", ">="].flatMap((op) => [op, op, `${op} bool`]),
);

/** `of` with a number on either side, or two of them. */
function withScalar(of: Text): Text {
  const once = (inner: Text) =>
    fc.tuple(inner, scalarOperator, number, fc.boolean()).map(([vector, op, scalar, isLeft]) =>
      isLeft ? `(${scalar}) ${op} (${vector})` : `(${vector}) ${op} (${scalar})`
    );
  return fc.oneof({ weight: 3, arbitrary: once(of) }, { weight: 1, arbitrary: once(once(of)) });
}

/** What a fragment may aggregate, and what it may give as it is. */
const series: Text = fc.oneof(
  { weight: 3, arbitrary: plainSeries },
  { weight: 2, arbitrary: withScalar(plainSeries) },
);
const operand: Text = fc.oneof(
  { weight: 8, arbitrary: maybeInParens(series) },
  { weight: 1, arbitrary: series.map((of) => `+${of}`) },
);

const grouping = fc.constantFrom(
  "",
  "",
  " by ()",
  " by (a)",
  " by (b, a)",
  " by (__name__)",
  " by (__name__, a)",
  " by (__type__)",
  " without (b)",
  " without ()",
  " without (__name__, a)",
);

function aggregated(ops: readonly string[]): Text {
  return fc.tuple(fc.constantFrom(...ops), grouping, operand).map(([op, by, of]) => `${op}${by} (${of})`);
}

const ranked: Text = fc.tuple(
  fc.constantFrom("topk", "bottomk"),
  grouping,
  fc.constantFrom("1", "2", "3", "9", "time() / 100 % 4", "scalar(count(g))", "0", "NaN"),
  operand,
).map(([op, by, k, of]) => `${op}${by} (${k}, ${of})`);

const exactVector: Text = fc.oneof(
  { weight: 3, arbitrary: series },
  { weight: 2, arbitrary: aggregated(["min", "max", "count", "group"]) },
  { weight: 1, arbitrary: ranked },
);
const inexactVector: Text = aggregated(["sum", "avg", "stddev", "stdvar"]);

const exact: Text = fc.oneof(
  { weight: 8, arbitrary: exactVector },
  {
    weight: 1,
    arbitrary: fc.tuple(
      exactVector,
      fc.constantFrom("/", "==", ">", "%"),
      fc.constantFrom("", " on (a)"),
      exactVector,
    )
      .map(([lhs, op, on, rhs]) => `(${lhs}) ${op}${on} (${rhs})`),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(exactVector, fc.constantFrom("and", "or", "unless"), exactVector)
      .map(([lhs, op, rhs]) => `(${lhs}) ${op} (${rhs})`),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(exactVector, range, fc.constantFrom("30s", "1m"))
      .map(([of, window, step]) => `max_over_time((${of})[${window}:${step}])`),
  },
  { weight: 1, arbitrary: exactVector.map((of) => `count(topk(2, ${of}))`) },
  { weight: 1, arbitrary: exactVector.map((of) => `absent(${of})`) },
);

const inexact: Text = fc.oneof(
  { weight: 6, arbitrary: inexactVector },
  {
    weight: 1,
    arbitrary: fc.tuple(inexactVector, fc.constantFrom("+", "*", "-"), inexactVector)
      .map(([lhs, op, rhs]) => `(${lhs}) ${op} on () group_left () (${rhs})`),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(inexactVector, range).map(([of, window]) => `sum_over_time((${of})[${window}:45s])`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "histogram_quantile(0.7, sum by (le) (rate(b_bucket[3m])))",
      "histogram_quantile(0.3, sum without (a) (b_bucket))",
      "histogram_quantile(0.9, sum(rate(h[3m])))",
      "histogram_count(sum by (a) (sum_over_time(h[2m])))",
      "histogram_sum(avg without (b) (h))",
      "sum(histogram_count(rate(h[2m])) / on (a, b) group_left () histogram_count(increase(h[2m])))",
      'count_values("v", sum by (a) (h))',
    ),
  },
);

export const arbitraryPushedQuery: fc.Arbitrary<PushedQuery> = fc.oneof(
  exact.map((text) => ({ text, isExact: true })),
  inexact.map((text) => ({ text, isExact: false })),
);
