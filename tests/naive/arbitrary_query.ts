import fc from "fast-check";
import { METRICS } from "./arbitrary_data.ts";

/*
 * Queries as text. Operators whose result jumps where their operand changes by a rounding error, such as comparisons,
 * counter functions and rounding, are only put over stored samples: the engine may add numbers in another order.
 */

type Text = fc.Arbitrary<string>;

const matchers = fc.constantFrom(
  "",
  "",
  "",
  "",
  "",
  "",
  '{a="1"}',
  '{a=~".*", b!="2"}',
  '{d=""}',
  '{a="none"}',
);
const shift = fc.constantFrom(
  "",
  "",
  "",
  "",
  " offset 1m",
  " offset -90s",
  " @ 300",
  " @ end() offset 1m",
  " @ start()",
);
const range = fc.constantFrom("1m", "2m", "3m", "5m", "5m", "7m30s");

/** An instant selector. */
const selector: Text = fc.tuple(fc.constantFrom(...METRICS), matchers, shift).map((parts) => parts.join(""));

function rangeOf(name: fc.Arbitrary<string>): Text {
  return fc.tuple(name, matchers, range, shift).map(([metric, matcher, window, at]) =>
    `${metric}${matcher}[${window}]${at}`
  );
}

/** A range vector of stored samples, or of them looked at again every so often. */
const storedRange: Text = fc.oneof(
  { weight: 4, arbitrary: rangeOf(fc.constantFrom(...METRICS)) },
  {
    weight: 1,
    arbitrary: fc.tuple(selector, range, fc.constantFrom("", "30s", "1m"), shift).map((
      [of, window, step, at],
    ) => `${of}[${window}:${step}]${at}`),
  },
);

const SMOOTH_OVER_TIME = ("sum avg min max count last first present stddev stdvar mad ts_of_first ts_of_last")
  .split(" ")
  .map((name) => `${name}_over_time`);
const JUMPY_OVER_RANGE = [
  "changes",
  "resets",
  "rate",
  "increase",
  "irate",
  "ts_of_min_over_time",
  "ts_of_max_over_time",
];
const SMOOTH_OVER_RANGE = ["delta", "idelta", "deriv"];

function overRange(names: readonly string[], argument: Text): Text {
  return fc.tuple(fc.constantFrom(...names), argument).map(([name, text]) => `${name}(${text})`);
}

const phi = fc.constantFrom("0", "0.3", "0.5", "1", "2", "-1", "NaN");

const grouping = fc.constantFrom(
  "",
  " by (a)",
  " by (a, b)",
  " by (__name__)",
  " without (b)",
  " without ()",
);

function aggregation(of: Text): Text {
  return fc.oneof(
    fc.tuple(fc.constantFrom("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"), grouping, of)
      .map(([op, by, text]) => `${op}${by} (${text})`),
    fc.tuple(phi, grouping, of).map(([q, by, text]) => `quantile${by} (${q}, ${text})`),
    // Which of equal elements is taken is not defined, but their sum is.
    fc.tuple(fc.constantFrom("topk", "bottomk"), fc.constantFrom("0", "1", "2", "9"), grouping, of)
      .map(([op, k, by, text]) => `sum${by} (${op}${by} (${k}, ${text}))`),
  );
}

const matching = fc.constantFrom(
  "",
  "",
  " on (a, b)",
  " ignoring (d)",
  " on (a) group_left ()",
  " on (a) group_right (d)",
  " on (b)",
);

const fill = fc.constantFrom(
  " fill (3)",
  " fill_left (1)",
  " fill_right (-2)",
  " fill_left (4) fill_right (0)",
);

/** Buckets of classic histograms, complete or not. */
const classic: Text = fc.oneof(
  fc.tuple(fc.constantFrom("", "", '{a="1"}', '{le!="2"}', '{le!="+Inf"}', '{le="+Inf"}'), shift)
    .map(([matcher, at]) => `k${matcher}${at}`),
  fc.constantFrom("sum by (le) (k)", "sum by (a, le) (k)", "sum without (b) (k)", "h or k", "k or n"),
);
const bound = fc.constantFrom("-1", "0", "0.5", "1", "3", "4", "9", "Inf", "NaN");

/** label_replace() and label_join(). */
function relabelled(of: Text): Text {
  const name = fc.constantFrom("a", "b", "d", "new", "__name__");
  const pattern = fc.constantFrom("(.*)", "1", "1|2", "(.)(.*)", "", "(\\\\d+)");
  const replacement = fc.constantFrom("", "x", "$1", "${1}y", "$2-$1");
  return fc.oneof(
    fc.tuple(of, name, replacement, name, pattern).map(([text, to, value, from, regexp]) =>
      `label_replace(${text}, "${to}", "${value}", "${from}", "${regexp}")`
    ),
    fc.tuple(of, name, fc.constantFrom("", "-"), fc.array(name, { maxLength: 3 })).map((
      [text, to, by, from],
    ) => `label_join(${[text, ...[to, by, ...from].map((label) => `"${label}"`)].join(", ")})`),
  );
}

/** What may be put over stored samples only. */
const overSelector: Text = fc.oneof(
  fc.tuple(
    selector,
    fc.constantFrom("==", "!=", "<", "<=", ">", ">="),
    fc.constantFrom("", " bool"),
    gaugeLimit(),
  )
    .map(([of, op, bool, limit]) => `${of} ${op}${bool} ${limit}`),
  fc.tuple(gaugeLimit(), fc.constantFrom("<", ">=", "!="), selector).map(([limit, op, of]) =>
    `${limit} ${op} ${of}`
  ),
  fc.tuple(selector, fc.constantFrom("==", "<", ">", "/", "%", "atan2"), matching, selector)
    .map(([lhs, op, how, rhs]) => `${lhs} ${op}${how} ${rhs}`),
  fc.tuple(selector, fc.constantFrom("%", "^", "</", ">/"), fc.constantFrom("2", "3.5"))
    .map(([of, op, by]) => `${of} ${op} ${by}`),
  fc.tuple(fc.constantFrom("ceil", "floor", "sgn", "round", "minute", "day_of_year", "timestamp"), selector)
    .map(([name, of]) => `${name}(${of})`),
  selector.map((of) => `round(${of}, 4)`),
  selector.map((of) => `count_values("v", ${of})`),
  fc.tuple(phi, selector).map(([q, of]) => `histogram_quantile(${q}, ${of})`),
  fc.tuple(phi, classic).map(([q, of]) => `histogram_quantile(${q}, ${of})`),
  fc.tuple(bound, bound, fc.oneof(selector, classic))
    .map(([low, high, of]) => `histogram_fraction(${low}, ${high}, ${of})`),
  fc.tuple(selector, fc.constantFrom("-", "/", ">", "== bool", "*"), matching, fill, selector)
    .map(([lhs, op, how, values, rhs]) => `${lhs} ${op}${how}${values} ${rhs}`),
  fc.tuple(
    fc.constantFrom("limitk", "limitk", "limit_ratio"),
    fc.constantFrom("0", "1", "2", "9", "0.4", "-0.4"),
    grouping,
    selector,
  ).map(([op, k, by, of]) => `${op}${by} (${k}, ${of})`),
  fc.tuple(fc.constantFrom("anchored", "smoothed"), fc.constantFrom("c", "g"), matchers, range, shift)
    .chain(([how, metric, matcher, window, at]) =>
      fc.constantFrom("rate", "increase", "delta", ...(how === "anchored" ? ["changes", "resets"] : []))
        .map((name) => `${name}(${metric}${matcher}[${window}] ${how}${at})`)
    ),
  fc.tuple(fc.constantFrom("c", "g"), matchers, shift).map(([metric, matcher, at]) =>
    `${metric}${matcher} smoothed${at}`
  ),
  fc.tuple(fc.constantFrom("rate", "increase", "irate", "resets", "delta"), rangeOf(fc.constant("s")))
    .map(([name, of]) => `${name}(${of})`),
  fc.tuple(
    fc.constantFrom("i", 'i{a="1"}', "i offset 1m", "i @ 300", "last_over_time(i[3m])", '{job="j"}', "g"),
    fc.constantFrom(
      "",
      "",
      ', {data=~".+"}',
      ', {data=~".*"}',
      ', {more!="", version=~".*"}',
      ', {__name__="build_info"}',
      ', {__name__=~".+_info"}',
      ', {__name__!="target_info", data="other"}',
    ),
  ).map(([of, filter]) => `info(${of}${filter})`),
);

function gaugeLimit(): Text {
  return fc.integer({ min: -5, max: 10 }).map(String);
}

/** An instant vector. */
function vector(depth: number): Text {
  const leaf = fc.oneof(
    selector,
    overSelector,
    overRange([...JUMPY_OVER_RANGE, ...SMOOTH_OVER_RANGE, ...SMOOTH_OVER_TIME], storedRange),
    fc.tuple(phi, storedRange).map(([q, of]) => `quantile_over_time(${q}, ${of})`),
    storedRange.map((of) => `predict_linear(${of}, 120)`),
    storedRange.map((of) => `absent_over_time(${of})`),
  );
  if (depth === 0) return leaf;
  const inner = vector(depth - 1);
  return fc.oneof(
    { weight: 2, arbitrary: leaf },
    { weight: 3, arbitrary: aggregation(inner) },
    {
      weight: 2,
      arbitrary: fc.tuple(inner, fc.constantFrom("+", "-", "*"), matching, inner)
        .map(([lhs, op, how, rhs]) => `(${lhs}) ${op}${how} (${rhs})`),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(
        inner,
        fc.constantFrom("and", "or", "unless"),
        fc.constantFrom("", " on (a)"),
        inner,
      )
        .map(([lhs, op, how, rhs]) => `(${lhs}) ${op}${how} (${rhs})`),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(inner, fc.constantFrom("+ 1", "* -2", "/ 4", "* time()", "- scalar(g)"))
        .map(([of, by]) => `(${of}) ${by}`),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(
        fc.constantFrom("abs", "clamp_min", "clamp", "absent", "histogram_count", "histogram_sum"),
        inner,
      )
        .map(([name, of]) =>
          `${name}(${of}${name === "clamp_min" ? ", 1" : name === "clamp" ? ", -1, 3" : ""})`
        ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(
        fc.constantFrom(...SMOOTH_OVER_RANGE, ...SMOOTH_OVER_TIME),
        inner,
        range,
        fc.constantFrom("30s", "1m", ""),
        shift,
      ).map(([name, of, window, step, at]) => `${name}((${of})[${window}:${step}]${at})`),
    },
    { weight: 1, arbitrary: inner.map((of) => `-(${of})`) },
    { weight: 1, arbitrary: relabelled(inner) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom("sort", "sort_desc", "sort_by_label", "sort_by_label_desc"), inner)
        .map(([name, of]) => `${name}(${of}${name.includes("label") ? ', "a"' : ""})`),
    },
  );
}

export const arbitraryQuery: Text = fc.oneof(vector(0), vector(1), vector(2));
