import assert from "node:assert/strict";
import { Matcher } from "../../../engine/labels/matcher.ts";
import { isAbsent, isStale, wordsOf } from "../../../engine/sample.ts";
import type { ScrapePoolSpec, TargetSpec } from "../../../server/scrape/spec.ts";
import { readsStartTimestamps, startTimestampUse } from "../../../server/scrape/start_timestamps.ts";
import { type Answer, poolOf, Scene, START_MS, targetOf } from "./_fakes.ts";

/** A body of OpenMetrics; `S-5` stands for 5 s before the start in seconds. */
function openMetrics(...lines: string[]): Answer {
  const body = [...lines, "# EOF", ""].join("\n")
    .replace(/S([-+]\d+)/g, (_, s) => String(START_MS / 1000 + Number(s)));
  return { body, contentType: "application/openmetrics-text; version=1.0.0" };
}

const counter = (
  value: number,
  created: string,
) => ["# TYPE a counter", `a_total ${value}`, `a_created ${created}`];

/** As `Scene.samples`, with `<` and the start timestamp behind a sample that has one, both in s since the start. */
async function samplesOf(scene: Scene): Promise<Record<string, string>> {
  const range = { startMs: START_MS - 1e9, endMs: START_MS + 1e9 };
  const found: Record<string, string> = {};
  const matchers = [new Matcher("=~", "__name__", "[^us].*")];
  for (
    const { labels, times, values, histograms, startTimes } of await scene.database.select({
      matchers,
      ...range,
    })
  ) {
    const words = wordsOf(values), parts: string[] = [];
    times.forEach((timeMs, i) => {
      if (isStale(words, i) || (isAbsent(words, i) && histograms?.[i] === undefined)) return;
      const startMs = startTimes?.[i] ?? 0;
      const value = histograms?.[i] === undefined ? values[i] : `H${histograms[i]!.count}`;
      const start = startMs === 0 ? "" : `<${(startMs - START_MS) / 1000}`;
      parts.push(`${value}@${(timeMs - START_MS) / 1000}${start}`);
    });
    found[labels.get("__name__")] = parts.join(" ");
  }
  return found;
}

interface Case {
  readonly name: string;
  readonly features: readonly string[];
  readonly pool?: Partial<ScrapePoolSpec>;
  readonly target?: Partial<TargetSpec>;
  readonly answers: readonly Answer[];
  readonly want: Record<string, string>;
}

const STORED = ["st-storage"], ZEROS = ["created-timestamp-zero-ingestion"];
const histogram = (count: number, created: string) => [
  "# TYPE h histogram",
  `h_bucket{le="1"} ${count}`,
  `h_bucket{le="+Inf"} ${count}`,
  `h_sum 1`,
  `h_count ${count}`,
  `h_created ${created}`,
];

const cases: Case[] = [
  {
    name: "_created is a series without a feature",
    features: ["use-start-timestamps"],
    answers: [openMetrics(...counter(1, "5"))],
    want: { a_total: "1@0", a_created: "5@0" },
  },
  {
    name: "st-storage keeps start timestamps, as they change",
    features: STORED,
    answers: [
      openMetrics(...counter(1, "S-100")),
      openMetrics(...counter(2, "S-100"), "# TYPE g gauge", "g 1"),
      openMetrics(...counter(3, "S+15")),
      openMetrics("# TYPE a counter", "a_total 4"),
      openMetrics(...counter(5, "NaN")),
      new Error("down"),
      openMetrics(...counter(6, "S+15")),
    ],
    want: { a_total: "1@0<-100 2@10<-100 3@20<15 4@30 5@40 6@60<15", g: "1@10" },
  },
  {
    name: "st-storage keeps those of samples with timestamps of their own",
    features: STORED,
    answers: [
      openMetrics("# TYPE a counter", "a_total 1 S-3", "a_created S-100", "# TYPE b counter", "b_total 1"),
    ],
    want: { a_total: "1@-3<-100", b_total: "1@0" },
  },
  {
    name: "st-storage keeps those of histograms",
    features: STORED,
    target: { convertClassicHistogramsToNhcb: true },
    answers: [openMetrics(...histogram(3, "S-7")), openMetrics(...histogram(4, "S-7"))],
    want: { h: "H3@0<-7 H4@10<-7" },
  },
  {
    name: "zero ingestion puts a 0 where a series begins to count, once",
    features: ZEROS,
    answers: [
      openMetrics(...counter(1, "S-100")),
      openMetrics(...counter(2, "S-100")),
      openMetrics(...counter(1, "S+15")),
      openMetrics(...counter(2, "S+15")),
    ],
    want: { a_total: "0@-100 1@0 2@10 0@15 1@20 2@30" },
  },
  {
    name: "zero ingestion leaves out starts that are late, too old or ahead, until they are behind",
    features: ZEROS,
    answers: [
      openMetrics(...counter(1, "S-3700")),
      openMetrics(...counter(2, "S-5")),
      openMetrics(...counter(3, "S+20")),
      openMetrics(...counter(4, "S+35")),
      openMetrics(...counter(5, "S+35")),
      openMetrics(...counter(6, "S+35")),
    ],
    want: { a_total: "1@0 2@10 3@20 4@30 0@35 5@40 6@50" },
  },
  {
    name: "zero ingestion takes samples with timestamps of their own and histograms",
    features: ZEROS,
    target: { convertClassicHistogramsToNhcb: true },
    answers: [
      openMetrics("# TYPE a counter", "a_total 1 S-3", "a_created S-9", ...histogram(3, "S-7")),
      openMetrics("# TYPE a counter", "a_total 2 S+8", "a_created S-9", ...histogram(4, "S-7")),
    ],
    want: { a_total: "0@-9 1@-3 2@8", h: "H0@-7 H3@0 H4@10" },
  },
  {
    name: "both features do both",
    features: [...STORED, ...ZEROS],
    answers: [openMetrics(...counter(1, "S-100")), openMetrics(...counter(2, "S-100"))],
    want: { a_total: "0@-100 1@0<-100 2@10<-100" },
  },
];

for (const { name, features, pool, target, answers, want } of cases) {
  Deno.test(`start timestamps: ${name}`, async () => {
    const startTimestamps = startTimestampUse(new Set(features));
    const scene = await Scene.open();
    await scene.scrape(poolOf({ startTimestamps, targets: [targetOf(target)], ...pool }), ...answers);
    assert.equal(scene.manager.status()[0].lastError, "");
    assert.deepEqual(await samplesOf(scene), want);
    await scene.manager.stop();
  });
}

Deno.test("start timestamps move with their series to a smaller group", async () => {
  const startTimestamps = startTimestampUse(new Set(STORED));
  const scene = await Scene.open();
  const body = (scrape: number) =>
    openMetrics(
      ...Array.from({ length: 400 }, (_, i) => `m${scrape}_${i} 1`),
      ...counter(scrape, "S-100"),
    );
  await scene.scrape(poolOf({ startTimestamps }), ...Array.from({ length: 6 }, (_, i) => body(i)));
  assert.ok(scene.count("prometheus_target_scrapes_cache_flush_forced_total") > 0);
  assert.equal(
    (await samplesOf(scene)).a_total,
    "0@0<-100 1@10<-100 2@20<-100 3@30<-100 4@40<-100 5@50<-100",
  );
  await scene.manager.stop();
});

Deno.test("either feature has start timestamps read", () => {
  for (
    const [features, want] of [[[], false], [STORED, true], [ZEROS, true], [["st-synthesis"], false]] as const
  ) {
    assert.equal(readsStartTimestamps(startTimestampUse(new Set(features))), want);
  }
});
