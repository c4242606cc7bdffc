/**
 * The data sets of the query benchmark. Samples lie a second off every whole minute, so that none falls on the edge
 * of a window: versions of Prometheus differ in whether the older edge belongs to it.
 */
import { type GridSeries, OpenMetricsFile } from "./open_metrics.ts";

const BLOCK_SECONDS = 2 * 3600;
const OFF_GRID_SECONDS = 1;
/** The filler is sampled for 10 minutes only: enough to be active, and cheap to import. */
const FILLER_STEP_SECONDS = 60, FILLER_STEPS = 10;
const FLEET_TARGETS = 1000, FILLER_PER_TARGET = 189;
const BUCKETS = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"];

/** An imported file and the times it spans, in Unix seconds. */
export interface DataSet {
  readonly path: string;
  readonly samples: number;
  readonly series: number;
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** The data sets, one after the other in time, each at the start of a two-hour block, the last ending before `now`. */
export interface DataSets {
  readonly services: DataSet;
  readonly pods: DataSet;
  readonly fleet: DataSet;
}

export function writeDataSets(directory: string, nowSeconds: number, isQuick: boolean): DataSets {
  const serviceBlocks = isQuick ? 1 : 3;
  const base = (Math.floor(nowSeconds / BLOCK_SECONDS) - serviceBlocks - 2) * BLOCK_SECONDS;
  const write = (
    name: string,
    series: GridSeries[],
    start: number,
    step: number,
    steps: number,
    filler: GridSeries[] = [],
  ): DataSet => {
    const file = new OpenMetricsFile(`${directory}/${name}.om`), end = start + step * steps;
    file.grid(series, start + OFF_GRID_SECONDS, step, steps);
    const fillerStart = end - FILLER_STEP_SECONDS * FILLER_STEPS;
    file.grid(filler, fillerStart + OFF_GRID_SECONDS, FILLER_STEP_SECONDS, FILLER_STEPS);
    file.close();
    const { path, samples } = file;
    return { path, samples, series: series.length + filler.length, startSeconds: start, endSeconds: end };
  };
  const podsStart = base + serviceBlocks * BLOCK_SECONDS, fleetStart = podsStart + BLOCK_SECONDS;
  return {
    services: write("services", [...services()], base, 15, serviceBlocks * BLOCK_SECONDS / 15),
    pods: write("pods", [...pods()], podsStart, 30, BLOCK_SECONDS / 30),
    fleet: write("fleet", [...fleet()], fleetStart, 15, 30 * 60 / 15, [...filler()]),
  };
}

/** 2,000 request counters and the buckets of 40 histograms, for 6 hours every 15 seconds. */
function* services(): Generator<GridSeries> {
  for (const code of ["200", "204", "302", "404", "500"]) {
    for (let handler = 0; handler < 10; handler++) {
      for (let instance = 0; instance < 40; instance++) {
        const labels = `code="${code}",handler="/api/v${handler}",instance="host-${instance}:8080",job="web"`;
        yield counter(`x{${labels}}`, 1 + (instance * 7 + handler) % 23);
      }
    }
  }
  for (let instance = 0; instance < 40; instance++) {
    yield { series: `y{instance="host-${instance}:8080",job="web"}`, valueAt: () => 1 + instance % 4 };
  }
  for (let bucket = 0; bucket < BUCKETS.length; bucket++) {
    for (let instance = 0; instance < 40; instance++) {
      const labels = `instance="host-${instance}:8080",job="web",le="${BUCKETS[bucket]}"`;
      const slope = (bucket + 1) * (3 + instance % 5);
      // The same for all buckets of an instance but for the slope: never fewer in a wider bucket.
      yield {
        series: `latency_seconds_bucket{${labels}}`,
        valueAt: (step) => slope * (step + (step * step >> 9)),
      };
    }
  }
}

/** The load of promql-engine's range query benchmark: 1,000 pods of 3 containers, every 30 seconds. */
function* pods(): Generator<GridSeries> {
  for (let pod = 0; pod < 1000; pod++) {
    for (let container = 0; container < 3; container++) {
      yield {
        series: `http_requests_total{container="c${container}",pod="p${pod}"}`,
        valueAt: (step) => pod + container * step,
      };
    }
  }
  for (let pod = 0; pod < 1000; pod++) {
    yield {
      series: `http_responses_total{pod="p${pod}"}`,
      valueAt: () => pod,
    };
  }
  for (let pod = 0; pod < 1000; pod++) {
    for (let bucket = 0; bucket <= 10; bucket++) {
      const le = bucket === 10 ? "+Inf" : String(bucket), slope = bucket === 10 ? pod : bucket;
      yield {
        series: `http_response_seconds_bucket{le="${le}",pod="p${pod}"}`,
        valueAt: (step) => pod + slope * step,
      };
    }
  }
}

/** 10,000 counters and the `up` of 1,000 targets, for 30 minutes every 15 seconds. */
function* fleet(): Generator<GridSeries> {
  for (let target = 0; target < FLEET_TARGETS; target++) {
    const labels = `instance="node-${target}:9100",job="job-${target % 10}"`;
    yield { series: `up{${labels}}`, valueAt: () => target % 97 === 0 ? 0 : 1 };
  }
  for (let device = 0; device < 10; device++) {
    for (let target = 0; target < FLEET_TARGETS; target++) {
      const labels = `device="eth${device}",instance="node-${target}:9100",job="job-${target % 10}"`;
      yield counter(`z{${labels}}`, 100 + (target * 13 + device) % 911);
    }
  }
}

/** What else the targets of the fleet expose: with it, 200,000 series are active. No query asks for it. */
function* filler(): Generator<GridSeries> {
  for (let metric = 0; metric < FILLER_PER_TARGET; metric++) {
    for (let target = 0; target < FLEET_TARGETS; target++) {
      const labels = `instance="node-${target}:9100",job="job-${target % 10}"`;
      yield { series: `filler_${metric}{${labels}}`, valueAt: (step) => target + step * (metric % 3) };
    }
  }
}

/** Grows by about `slope` a step, unevenly, and is reset now and then. */
function counter(series: string, slope: number): GridSeries {
  const phase = slope * 37 % 500;
  return {
    series,
    valueAt: (step) => {
      const since = (step + phase) % 500; // steps since the last reset
      return slope * since + Math.imul(since + slope, 0x9e3779b1) % slope;
    },
  };
}
