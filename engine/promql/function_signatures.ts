import type { ValueType } from "./value_type.ts";

/** What a function takes and gives. */
export interface FunctionSignature {
  readonly name: string;
  /** The last type also holds for any further argument. */
  readonly argTypes: readonly ValueType[];
  /**
   * 0: exactly `argTypes`. Otherwise the last of `argTypes` is optional, and up to `variadic` arguments may stand in
   * its place; -1: any number.
   */
  readonly variadic: number;
  readonly returnType: ValueType;
  /** Refused unless experimental functions are enabled. */
  readonly isExperimental: boolean;
}

type Options = Partial<Pick<FunctionSignature, "variadic" | "returnType" | "isExperimental">>;

/** All functions by name. */
export const FUNCTION_SIGNATURES: ReadonlyMap<string, FunctionSignature> = new Map(
  [
    ...define("abs absent ceil exp floor ln log10 log2 sgn sqrt deg rad", ["vector"]),
    ...define("sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh", ["vector"]),
    ...define("sort sort_desc timestamp", ["vector"]),
    ...define("histogram_avg histogram_count histogram_sum histogram_stddev histogram_stdvar", ["vector"]),
    ...define("days_in_month day_of_month day_of_week day_of_year hour minute month year", ["vector"], {
      variadic: 1,
    }),
    ...define("clamp", ["vector", "scalar", "scalar"]),
    ...define("clamp_max clamp_min", ["vector", "scalar"]),
    ...define("round", ["vector", "scalar"], { variadic: 1 }),
    ...define("histogram_fraction", ["scalar", "scalar", "vector"]),
    ...define("histogram_quantile", ["scalar", "vector"]),
    ...define("label_replace", ["vector", "string", "string", "string", "string"]),
    ...define("label_join", ["vector", "string", "string", "string"], { variadic: -1 }),
    ...define("scalar", ["vector"], { returnType: "scalar" }),
    ...define("vector", ["scalar"]),
    ...define("pi time", [], { returnType: "scalar" }),
    ...define("rate increase delta irate idelta deriv changes resets", ["matrix"]),
    ...define("absent_over_time present_over_time count_over_time first_over_time last_over_time", [
      "matrix",
    ]),
    ...define("avg_over_time sum_over_time min_over_time max_over_time", ["matrix"]),
    ...define("stddev_over_time stdvar_over_time", ["matrix"]),
    ...define("predict_linear", ["matrix", "scalar"]),
    ...define("quantile_over_time", ["scalar", "matrix"]),
    ...define("mad_over_time ts_of_first_over_time ts_of_last_over_time", ["matrix"], {
      isExperimental: true,
    }),
    ...define("ts_of_min_over_time ts_of_max_over_time", ["matrix"], { isExperimental: true }),
    ...define("double_exponential_smoothing", ["matrix", "scalar", "scalar"], { isExperimental: true }),
    ...define("histogram_quantiles", ["vector", "string", "scalar", "scalar"], {
      variadic: 9,
      isExperimental: true,
    }),
    ...define("sort_by_label sort_by_label_desc", ["vector", "string"], {
      variadic: -1,
      isExperimental: true,
    }),
    ...define("info", ["vector", "vector"], { variadic: 1, isExperimental: true }),
    ...define("start_timestamp", ["vector"], { isExperimental: true }),
    ...define("start end step range", [], { returnType: "scalar", isExperimental: true }),
    ...define("min_of max_of", ["scalar", "scalar"], { returnType: "scalar", isExperimental: true }),
  ].map((signature) => [signature.name, signature]),
);

function define(names: string, argTypes: readonly ValueType[], options: Options = {}): FunctionSignature[] {
  const { variadic = 0, returnType = "vector", isExperimental = false } = options;
  return names.split(" ").map((name) => ({ name, argTypes, variadic, returnType, isExperimental }));
}
