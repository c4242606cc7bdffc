import { ABSENT_FUNCTIONS } from "./absent.ts";
import { CHANGES_FUNCTIONS } from "./changes.ts";
import { EXTREMES_OVER_TIME_FUNCTIONS } from "./extremes_over_time.ts";
import { HISTOGRAM_FUNCTIONS } from "./histogram.ts";
import { INFO_FUNCTIONS } from "./info.ts";
import { INSTANT_DELTA_FUNCTIONS } from "./instant_delta.ts";
import { LABEL_FUNCTIONS } from "./labels.ts";
import { MATH_FUNCTIONS } from "./math.ts";
import { OVER_TIME_FUNCTIONS } from "./over_time.ts";
import { RATE_FUNCTIONS } from "./rate.ts";
import type { FunctionTable } from "./registry.ts";
import { REGRESSION_FUNCTIONS } from "./regression.ts";
import { SCALAR_FUNCTIONS } from "./scalar.ts";
import { SMOOTHING_FUNCTIONS } from "./smoothing.ts";
import { SORT_FUNCTIONS } from "./sort.ts";
import { STATISTICS_OVER_TIME_FUNCTIONS } from "./statistics_over_time.ts";
import { SUM_OVER_TIME_FUNCTIONS } from "./sum_over_time.ts";
import { TIME_FUNCTIONS } from "./time.ts";

/** All functions by name. */
export const FUNCTIONS: FunctionTable = {
  ...ABSENT_FUNCTIONS,
  ...CHANGES_FUNCTIONS,
  ...EXTREMES_OVER_TIME_FUNCTIONS,
  ...HISTOGRAM_FUNCTIONS,
  ...INFO_FUNCTIONS,
  ...INSTANT_DELTA_FUNCTIONS,
  ...LABEL_FUNCTIONS,
  ...MATH_FUNCTIONS,
  ...OVER_TIME_FUNCTIONS,
  ...RATE_FUNCTIONS,
  ...REGRESSION_FUNCTIONS,
  ...SCALAR_FUNCTIONS,
  ...SMOOTHING_FUNCTIONS,
  ...SORT_FUNCTIONS,
  ...STATISTICS_OVER_TIME_FUNCTIONS,
  ...SUM_OVER_TIME_FUNCTIONS,
  ...TIME_FUNCTIONS,
};
