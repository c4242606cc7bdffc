import { AnchoredRegexp } from "../../../engine/labels/regexp.ts";
import type { BlockSummary, Cardinality, StorageStatistics } from "../../shard/shard.ts";
import { ApiError } from "../api_error.ts";
import type { AppDeps, RuntimeInfo } from "../deps.ts";
import { gatherAll } from "../gather.ts";
import { familyJson } from "../json/proto_json.ts";
import { rawNumber } from "../json/raw.ts";
import { parseInteger } from "../params/go_text.ts";
import { formatTime } from "../params/time.ts";
import type { Router } from "../router.ts";

const TSDB_LIMIT_DEFAULT = 10, TSDB_LIMIT_MAX = 10_000;

/** `/status/…`: about the server itself. */
export function addStatusRoutes(router: Router, deps: AppDeps): void {
  const { shards, configuration, flags, buildInfo, now } = deps;
  router.read("/status/config", () => ({ data: { yaml: configuration.current().yaml } }));
  router.read("/status/flags", () => ({ data: flags }));
  router.read("/status/buildinfo", () => ({ data: buildInfo }));
  router.read("/status/runtimeinfo", async () => {
    const corruptions = (await shards.health()).reduce((sum, { damagedValues }) => sum + damagedValues, 0);
    return { data: runtimeJson(deps.runtimeInfo(), corruptions, now()) };
  });

  router.read("/status/tsdb", async ({ form }) => {
    const limit = form.get("limit") === "" ? TSDB_LIMIT_DEFAULT : positive(form.get("limit"));
    if (limit > TSDB_LIMIT_MAX) throw new ApiError("bad_data", `limit must not exceed ${TSDB_LIMIT_MAX}`);
    return { data: statisticsJson(await shards.statistics(limit)) };
  });

  router.read("/status/tsdb/blocks", async () => {
    const blocks = [...await shards.blocks()].sort((a, b) => a.startMs - b.startMs || a.shard - b.shard);
    return { data: { blocks: blocks.map(blockJson) } };
  });

  router.read("/status/walreplay", async () => {
    const health = await shards.health();
    // A shard replays its log as a whole: shards stand where upstream counts segments.
    return { data: { min: 0, max: health.length, current: health.filter(({ ready }) => ready).length } };
  }, { always: true });

  router.read("/status/self_metrics", async ({ form }) => {
    const name = patternOf(form.get("metric_name_pattern"));
    const families = await gatherAll(deps);
    return { data: families.filter((family) => name?.matches(family.name) ?? true).map(familyJson) };
  });
}

function positive(text: string): number {
  try {
    const number = parseInteger(text);
    if (number >= 1) return number;
  } catch {
    // Not a number at all: refused below.
  }
  throw new ApiError("bad_data", "limit must be a positive number");
}

function patternOf(pattern: string): AnchoredRegexp | undefined {
  if (pattern === "") return undefined;
  try {
    return new AnchoredRegexp(pattern);
  } catch (cause) {
    throw new ApiError("bad_data", `invalid metric_name_pattern: ${(cause as Error).message}`, { cause });
  }
}

/** The names are Go's, so that clients find what they look for. */
function runtimeJson(info: RuntimeInfo, corruptions: number, nowMs: number): object {
  return {
    startTime: formatTime(info.startTimeMs),
    CWD: info.cwd,
    hostname: info.hostname,
    serverTime: formatTime(nowMs),
    reloadConfigSuccess: info.reloadConfigSuccess,
    lastConfigTime: formatTime(info.lastConfigTimeMs),
    corruptionCount: corruptions,
    goroutineCount: info.threads,
    GOMAXPROCS: info.cores,
    GOMEMLIMIT: info.memoryLimit,
    GOGC: "",
    GODEBUG: "",
    storageRetention: info.storageRetention,
  };
}

/** What upstream gives for the times of an empty head: the bounds of 64 bits. */
const INT64_MAX = "9223372036854775807", INT64_MIN = "-9223372036854775808";

function statisticsJson(s: StorageStatistics): object {
  const list = (stats: readonly Cardinality[]) => stats.map(({ name, value }) => ({ name, value }));
  return {
    headStats: {
      numSeries: s.headSeries,
      numLabelPairs: s.labelPairs,
      chunkCount: s.chunks,
      minTime: Number.isFinite(s.minMs) ? s.minMs : rawNumber(INT64_MAX),
      maxTime: Number.isFinite(s.maxMs) ? s.maxMs : rawNumber(INT64_MIN),
    },
    seriesCountByMetricName: list(s.seriesByMetricName),
    labelValueCountByLabelName: list(s.valuesByLabelName),
    memoryInBytesByLabelName: list(s.bytesByLabelName),
    seriesCountByLabelValuePair: list(s.seriesByLabelPair),
  };
}

/** In the form of upstream's meta.json; `maxTime` is exclusive there. */
function blockJson(block: BlockSummary): object {
  const ulid = blockName(block);
  return {
    ulid,
    minTime: block.startMs,
    maxTime: block.endMs + 1,
    stats: { numSamples: block.samples, numSeries: block.series, numChunks: block.chunks },
    compaction: { level: block.level, sources: [ulid] },
    version: 1,
  };
}

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** 26 characters as a ULID has: the start of the block in ms, then its shard and number. */
function blockName({ startMs, shard, id }: BlockSummary): string {
  return base32(startMs, 10) + base32(shard, 6) + base32(id, 10);
}

function base32(n: number, length: number): string {
  let text = "";
  for (let rest = Math.max(0, n); text.length < length; rest = Math.floor(rest / 32)) {
    text = CROCKFORD[rest % 32] + text;
  }
  return text;
}
