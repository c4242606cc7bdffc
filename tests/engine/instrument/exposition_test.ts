import assert from "node:assert/strict";
import fc from "fast-check";
import { createParser } from "../../../engine/exposition/parser.ts";
import { ScrapeRow } from "../../../engine/exposition/scrape_row.ts";
import { writeExposition } from "../../../engine/exposition/writer.ts";
import { Registry, sampleValue } from "../../../engine/instrument/mod.ts";
import { type Labels, METRIC_NAME } from "../../../engine/labels/labels.ts";

/** Every sample of a body, as a parser reads it. */
function parse(body: string, format: "text" | "openmetrics"): { labels: Labels; value: number }[] {
  const series: Labels[] = [];
  const parser = createParser(format, { resolve: ({ labels }) => series.push(labels) - 1 }, {
    honorTimestamps: true,
    scrapeNativeHistograms: false,
    alwaysScrapeClassicHistograms: false,
    convertClassicHistogramsToNhcb: false,
  });
  const row = new ScrapeRow();
  parser.begin(row);
  parser.write(new TextEncoder().encode(body));
  parser.end();
  assert.equal(row.duplicates, 0);
  return series.map((labels, slot) => ({ labels, value: row.values[slot] }));
}

const text = fc.string({ unit: "grapheme", maxLength: 6 });
const finite = fc.double({ noNaN: true });
const updates = fc.array(fc.record({ a: text, b: text, value: finite }), { maxLength: 20 });

for (const format of ["text", "openmetrics"] as const) {
  Deno.test(`what a registry gathers comes back from a parser of ${format} as sampleValue() sees it`, () => {
    fc.assert(fc.property(updates, text, (list, help) => {
      const registry = new Registry({ now: () => 1000 });
      const labelNames = ["a", "b"];
      const counter = registry.counter({ name: "c_bytes_total", help, labelNames, unit: "bytes" });
      const gauge = registry.gauge({ name: "größe", help, labelNames });
      const histogram = registry.histogram({ name: "h", help, labelNames, buckets: [-1, 0, 2.5, 1e6] });
      const summary = registry.summary({ name: "s", help, labelNames, objectives: { 0.5: 0.05 } });
      for (const { a, b, value } of list) {
        counter.labels(a, b).inc(Math.abs(value), { trace_id: "t" });
        gauge.labels(a, b).set(value);
        histogram.labels(a, b).observe(value, { trace_id: "t" });
        summary.labels(a, b).observe(value);
      }
      const body = writeExposition(registry.gather(), {
        format: format === "text" ? "text-1.0.0" : "openmetrics-1.0.0",
        escaping: "allow-utf-8",
      });
      const samples = parse(body, format);
      const series = new Set(list.map(({ a, b }) => JSON.stringify([a, b]))).size;
      assert.equal(samples.length, series * (1 + 1 + 7 + 3));
      for (const { labels, value } of samples) {
        const name = labels.get(METRIC_NAME);
        const wanted = sampleValue(registry, name, labels.withoutName().toObject())! + 0; // zero is written unsigned
        assert.ok(Object.is(value, wanted), `${labels}: ${value} for ${wanted}`);
      }
    }));
  });
}
