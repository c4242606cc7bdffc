import assert from "node:assert/strict";
import fc from "fast-check";
import { TestTarget } from "./parse_body.ts";

/** A few series that often share prefixes, some of them in families. */
const name = fc.constantFrom("a", "a_b", "h_bucket", "h_sum", "h_count", "c_total", '"ü.x"');
const label = fc.constantFrom(
  'x="1"',
  'x="12"',
  'y="}, #\\""',
  'le="1"',
  'le="+Inf"',
  'quantile="0.50"',
  'z=""',
);
const labels = fc.uniqueArray(label, { maxLength: 3, selector: (text) => text.split("=")[0] });
const series = fc.tuple(name, labels, fc.constantFrom("", "{}")).map(([name, labels, empty]) => {
  if (name.startsWith('"')) return `{${[name, ...labels].join(",")}}`;
  return name + (labels.length > 0 ? `{${labels.join(",")}}` : empty);
});
const value = fc.oneof(
  fc.constantFrom("NaN", "+Inf", "0", "1", "-3.25", "1e-7", "12345678901234567", "0.12345678901234567"),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
);
const typeLine = fc.tuple(
  fc.constantFrom("a", "h", "c", "c_total"),
  fc.constantFrom("gauge", "counter", "histogram", "summary"),
).map(([family, type]) => `# TYPE ${family} ${type}`);
const textLine = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(series, value).map(([series, value]) => `${series} ${value}`) },
  {
    weight: 1,
    arbitrary: fc.tuple(series, value).map(([series, value]) => ` ${series}\t ${value} 1700000000000`),
  },
  { weight: 1, arbitrary: typeLine },
  { weight: 1, arbitrary: fc.constantFrom("", "# comment", "# HELP a text", "# HELP h é\\n") },
);
const openMetricsLine = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(series, value).map(([series, value]) => `${series} ${value}`) },
  {
    weight: 1,
    arbitrary: fc.tuple(series, value).map(([series, value]) => `${series} ${value} 17.5 # {t="é # "} 1 2.5`),
  },
  { weight: 1, arbitrary: typeLine },
  { weight: 1, arbitrary: fc.constantFrom("# HELP a text", "# HELP h é\\n", "# UNIT a_b b") },
);

const formats = [
  { format: "text" as const, line: textLine, tail: "" },
  { format: "openmetrics" as const, line: openMetricsLine, tail: "# EOF\n" },
];
const options = fc.record({
  honorTimestamps: fc.boolean(),
  convertClassicHistogramsToNhcb: fc.boolean(),
  alwaysScrapeClassicHistograms: fc.boolean(),
  typeAndUnitLabels: fc.boolean(),
  startTimestamps: fc.boolean(),
});

for (const { format, line, tail } of formats) {
  const body = (lines: readonly string[]) => lines.map((line) => line + "\n").join("") + tail;

  Deno.test(`${format}: any split into chunks gives the same row`, () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
    fc.assert(fc.property(fc.array(line, { maxLength: 20 }), lengths, options, (lines, lengths, options) => {
      const whole = new TestTarget(format, options).scrape(body(lines));
      const split = new TestTarget(format, options).scrape(body(lines), lengths);
      assert.deepEqual(split.samples(), whole.samples());
      assert.equal(split.row.samplesScraped, whole.row.samplesScraped);
    }));
  });

  Deno.test(`${format}: memory of earlier bodies never changes what a body says`, () => {
    // Lines of a common pool, so that bodies share, lack, repeat and reorder them.
    const bodies = fc.array(line, { minLength: 1, maxLength: 15 }).chain((pool) =>
      fc.array(fc.array(fc.oneof(fc.constantFrom(...pool), line), { maxLength: 20 }), {
        minLength: 2,
        maxLength: 6,
      })
    );
    fc.assert(
      fc.property(bodies, options, (bodies, options) => {
        const known = new TestTarget(format, options);
        for (const lines of bodies) {
          const fresh = new TestTarget(format, options).scrape(body(lines));
          known.scrape(body(lines));
          assert.deepEqual(known.samples(), fresh.samples());
          for (const count of ["samplesScraped", "samplesKept", "duplicates"] as const) {
            assert.equal(known.row[count], fresh.row[count], count);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  Deno.test(`${format}: a corrupted body is refused or read, known or not, alike`, () => {
    const edit = fc.tuple(fc.nat(), fc.constantFrom(...'{}",=# \n\\x0.é', ""));
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 10 }),
        fc.array(edit, { maxLength: 3 }),
        (lines, edits) => {
          const good = body(lines);
          let bad = good;
          for (const [at, char] of edits) {
            bad = bad.slice(0, at % bad.length) + char + bad.slice(at % bad.length + 1);
          }
          const outcome = (target: TestTarget) => {
            try {
              return target.scrape(bad).samples();
            } catch (error) {
              return (error as Error).message;
            }
          };
          assert.deepEqual(outcome(new TestTarget(format).scrape(good)), outcome(new TestTarget(format)));
        },
      ),
      { numRuns: 300 },
    );
  });
}

Deno.test("text: texts that come and go are evicted and found again", () => {
  const target = new TestTarget("text");
  for (let body = 0; body < 40; body++) {
    const names = Array.from({ length: 600 }, (_, i) => i % 3 === body % 3 ? `m_${body}_${i}` : `m_${i}`);
    const lines = names.map((name, i) => `# TYPE ${name} gauge\n${name} ${body + i}\n`).join("");
    const fresh = new TestTarget("text").scrape(lines);
    assert.deepEqual(target.scrape(lines).samples(), fresh.samples());
  }
});
