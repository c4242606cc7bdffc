import { Labels } from "../../labels/labels.ts";
import { FLOAT, newSeries, NONE, stepTime, type Vector } from "../value.ts";
import { mapFloats } from "./math.ts";
import {
  type FunctionCall,
  type FunctionImplementation,
  type FunctionTable,
  nameDropped,
  vectorArgument,
} from "./registry.ts";

/**
 * The time of evaluation, and parts of the calendar in UTC. `timestamp` and `start_timestamp` come here for arguments
 * other than selectors only: their samples are of the evaluation time and have no start.
 */
export const TIME_FUNCTIONS: FunctionTable = {
  time: {
    kind: "scalar",
    evaluate: ({ steps }) => {
      const seconds = new Float64Array(steps.count);
      for (let step = 0; step < steps.count; step++) seconds[step] = stepTime(steps, step) / 1000;
      return seconds;
    },
  },
  timestamp: { kind: "vector", evaluate: evaluationTimes },
  start_timestamp: { kind: "vector", evaluate: () => [] },
  minute: ofTime((seconds) => modulo(Math.floor(seconds / 60), 60)),
  hour: ofTime((seconds) => modulo(Math.floor(seconds / 3600), 24)),
  // 1970-01-01 was a Thursday.
  day_of_week: ofTime((seconds) => modulo(dayOf(seconds) + 4, 7)),
  day_of_month: ofTime((seconds) => dayOf(seconds) - firstOfMonth(monthOf(dayOf(seconds))) + 1),
  day_of_year: ofTime((seconds) => {
    const day = dayOf(seconds), month = monthOf(day);
    return day - firstOfMonth(month - modulo(month, 12)) + 1;
  }),
  days_in_month: ofTime((seconds) => {
    const month = monthOf(dayOf(seconds));
    return firstOfMonth(month + 1) - firstOfMonth(month);
  }),
  month: ofTime((seconds) => modulo(monthOf(dayOf(seconds)), 12) + 1),
  year: ofTime((seconds) => Math.floor(monthOf(dayOf(seconds)) / 12)),
};

/** A function of the values as seconds since the Unix epoch, or of the evaluation time without an argument. */
function ofTime(part: (seconds: number) => number): FunctionImplementation {
  const partOf = (value: number) => Math.abs(value) <= SECONDS_MAX ? part(Math.trunc(value)) : NaN;
  return {
    kind: "vector",
    evaluate: (call) => {
      if (call.args.length > 0) return mapFloats(vectorArgument(call, 0), call, partOf);
      return ofSteps(call, partOf);
    },
  };
}

function evaluationTimes(call: FunctionCall): Vector {
  return vectorArgument(call, 0).map((series) => {
    const { labels, dropName } = nameDropped(series, call.delayedNameRemoval);
    const out = newSeries(labels, dropName, call.steps);
    for (let step = 0; step < call.steps.count; step++) {
      if (series.present[step] === NONE) continue;
      out.values[step] = stepTime(call.steps, step) / 1000;
      out.present[step] = FLOAT;
    }
    return out;
  });
}

function ofSteps({ steps }: FunctionCall, partOf: (seconds: number) => number): Vector {
  const out = newSeries(Labels.empty, false, steps);
  for (let step = 0; step < steps.count; step++) out.values[step] = partOf(stepTime(steps, step) / 1000);
  out.present.fill(FLOAT);
  return [out];
}

/** Times beyond it, some ten million years away, have no calendar here; upstream's wraps around much farther out. */
const SECONDS_MAX = 2 ** 48;

function modulo(x: number, n: number): number {
  return x - n * Math.floor(x / n);
}

/** Days since 1970-01-01. */
function dayOf(seconds: number): number {
  return Math.floor(seconds / 86_400);
}

/** Days from 0000-03-01 to 1970-01-01, both in the Gregorian calendar. */
const EPOCH_DAYS = 719_468;
const DAYS_IN_400_YEARS = 146_097;

/** Months since January of the year 0, of a day counted from 1970-01-01. */
function monthOf(day: number): number {
  const shifted = day + EPOCH_DAYS;
  const era = Math.floor(shifted / DAYS_IN_400_YEARS);
  const dayOfEra = shifted - era * DAYS_IN_400_YEARS;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  // Years begin in March, so that leap days come last; month lengths then follow a straight line.
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  return 12 * (yearOfEra + 400 * era) + monthFromMarch + 2;
}

/** The first day, counted from 1970-01-01, of a month as `monthOf` counts them. */
function firstOfMonth(month: number): number {
  const fromMarch = month - 2;
  const year = Math.floor(fromMarch / 12);
  const dayOfYear = Math.floor((153 * modulo(fromMarch, 12) + 2) / 5);
  return 365 * year + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400) + dayOfYear -
    EPOCH_DAYS;
}
