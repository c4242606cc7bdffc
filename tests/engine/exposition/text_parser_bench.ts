import { ScrapeRow } from "../../../engine/exposition/scrape_row.ts";
import { TextParser } from "../../../engine/exposition/text_parser.ts";
import { nodeExporterBodies } from "./node_exporter_body.ts";

const SERIES = 10_000;
const bodies = nodeExporterBodies({ seriesCount: SERIES, changing: 0.3, bodies: 20 });
const options = {
  honorTimestamps: true,
  scrapeNativeHistograms: false,
  alwaysScrapeClassicHistograms: false,
  convertClassicHistogramsToNhcb: false,
};

function parserOfBodies(): (body: Uint8Array, chunkBytes?: number) => number {
  let slots = 0;
  const parser = new TextParser("text", { resolve: () => slots++ }, options);
  const row = new ScrapeRow();
  return (body, chunkBytes = body.length) => {
    parser.begin(row);
    for (let at = 0; at < body.length; at += chunkBytes) parser.write(body.subarray(at, at + chunkBytes));
    parser.end();
    if (row.samplesKept !== SERIES) throw new Error(`BUG: found ${row.samplesKept} samples, want ${SERIES}`);
    return row.timed.count === 0 ? row.values[0] : row.timed.values[0];
  };
}

const group = `${SERIES} series, ${(bodies[0].length / 1e6).toFixed(2)} MB`;
let i = 0;
const known = parserOfBodies();
Deno.bench("known series, body at once", { group, baseline: true }, () => {
  known(bodies[i++ % bodies.length]);
});
const chunked = parserOfBodies();
Deno.bench("known series, chunks of 64 KiB", { group }, () => {
  chunked(bodies[i++ % bodies.length], 65_536);
});
const shuffled = parserOfBodies();
const bodiesShuffled = bodies.map((body, seed) => {
  const lines = new TextDecoder().decode(body).split("\n").filter((line) => line !== "" && line[0] !== "#");
  for (let at = lines.length - 1, random = seed + 1; at > 0; at--) {
    random = (Math.imul(random, 1103515245) + 12345) >>> 0;
    const other = random % (at + 1);
    [lines[at], lines[other]] = [lines[other], lines[at]];
  }
  return new TextEncoder().encode(lines.join("\n") + "\n");
});
Deno.bench("known series, another order each time", { group }, () => {
  shuffled(bodiesShuffled[i++ % bodies.length]);
});
Deno.bench("first body", { group }, () => {
  parserOfBodies()(bodies[0]);
});
const timed = parserOfBodies();
const bodiesTimed = bodies.map((body, i) =>
  new TextEncoder().encode(new TextDecoder().decode(body).replace(/^([^#].*)$/gm, `$1 17000000000${i + 10}`))
);
Deno.bench("known series with timestamps", { group }, () => {
  timed(bodiesTimed[i++ % bodies.length]);
});
