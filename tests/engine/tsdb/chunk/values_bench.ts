import { wordsOf } from "../../../../engine/sample.ts";
import { ByteSink } from "../../../../engine/tsdb/chunk/byte_sink.ts";
import { decodeRow, encodeRow } from "../../../../engine/tsdb/chunk/row_delta.ts";
import { decodeValues, encodeValues } from "../../../../engine/tsdb/chunk/values.ts";
import { decodeXor, encodeXor } from "../../../../engine/tsdb/chunk/xor.ts";

/** One run of each bench handles this many samples: 100,000 / (time per iteration in ms) is thousands per second. */
const ROWS = 125, SLOTS = 800;

/** Like a host exporter: seven in ten columns constant, the rest counters, gauges, ticks and durations. */
const rows = new Float64Array(ROWS * SLOTS);
let state = 1;
const random = (below: number) =>
  Math.floor((state = Math.imul(state, 1103515245) + 12345 >>> 0) / 2 ** 32 * below);
const nextValue: readonly ((m: number) => number)[] = [
  (m) => m + (random(10) === 0 ? 1 : 0),
  (m) => m + (random(10) === 0 ? 1 : 0),
  (m) => m + random(1000),
  (m) => (Math.round(m * 100) + 99 + random(3)) / 100,
  () => 4096 * (1e6 + random(500)),
  () => (20_000 + random(9_000)) / 1e9,
];
for (let slot = 0; slot < SLOTS; slot++) {
  const next = nextValue[slot % 20] ?? ((m: number) => m);
  let value = random(1e6);
  for (let row = 0; row < ROWS; row++) rows[row * SLOTS + slot] = value = next(value);
}
const words = wordsOf(rows);
const rowWords = Array.from(
  { length: ROWS },
  (_, row) => words.subarray(2 * row * SLOTS, 2 * (row + 1) * SLOTS),
);
const columns = Array.from(
  { length: SLOTS },
  (_, slot) => wordsOf(Float64Array.from({ length: ROWS }, (_, row) => rows[row * SLOTS + slot])),
);

const sink = new ByteSink(1 << 20);
const column = new Float64Array(ROWS), columnWords = wordsOf(column), rowOut = new Uint32Array(2 * SLOTS);
function encodeAll(): void {
  sink.clear();
  for (let slot = 0; slot < SLOTS; slot++) encodeValues(rows, slot, ROWS, SLOTS, sink);
}
function encodeAllXor(): void {
  sink.clear();
  for (let slot = 0; slot < SLOTS; slot++) encodeXor(columns[slot], ROWS, sink);
}
function encodeRows(): void {
  sink.clear();
  for (let row = 0; row < ROWS; row++) encodeRow(rowWords[row], rowWords[Math.max(0, row - 1)], SLOTS, sink);
}
encodeAll();
const encoded = sink.written().slice();
encodeAllXor();
const encodedXor = sink.written().slice();
encodeRows();
const encodedRows = sink.written().slice();

Deno.bench("encodeXor() of 100,000 samples", { group: "encode", baseline: true }, encodeAllXor);
Deno.bench("encodeValues() of 100,000 samples", { group: "encode" }, encodeAll);
Deno.bench("encodeRow() of 100,000 samples", { group: "encode" }, encodeRows);

Deno.bench("decodeXor() of 100,000 samples", { group: "decode", baseline: true }, () => {
  let at = 0;
  for (let slot = 0; slot < SLOTS; slot++) at = decodeXor(encodedXor, at, ROWS, columnWords, 0);
});
Deno.bench("decodeValues() of 100,000 samples", { group: "decode" }, () => {
  let at = 0;
  for (let slot = 0; slot < SLOTS; slot++) at = decodeValues(encoded, at, ROWS, column, 0);
});
Deno.bench("decodeRow() of 100,000 samples", { group: "decode" }, () => {
  let at = 0;
  rowOut.set(rowWords[0]);
  for (let row = 0; row < ROWS; row++) at = decodeRow(encodedRows, at, rowOut, SLOTS, rowOut);
});
