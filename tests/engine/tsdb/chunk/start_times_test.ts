import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteSink } from "../../../../engine/tsdb/chunk/byte_sink.ts";
import { decodeStartTimes, encodeStartTimes } from "../../../../engine/tsdb/chunk/start_times.ts";

const START = 1_795_222_575_631;
const times = Float64Array.from({ length: 240 }, (_, i) => START + 15_000 * i);

function encode(startTimes: Float64Array, of: Float64Array): Uint8Array {
  const sink = new ByteSink(16);
  encodeStartTimes(startTimes, of, sink);
  return sink.written().slice();
}

function decode(bytes: Uint8Array, of: Float64Array, from = 0, to = of.length): Float64Array {
  const out = new Float64Array(to - from);
  decodeStartTimes(bytes, 0, of, from, to, out, 0);
  return out;
}

for (
  const { name, startTimes, bytesMax } of [
    { name: "none", startTimes: times.map(() => 0), bytesMax: 2 },
    { name: "the same for all", startTimes: times.map(() => START - 86_400_000), bytesMax: 6 },
    { name: "a restart", startTimes: times.map((_, i) => i < 100 ? START - 1e9 : START + 1e6), bytesMax: 12 },
    { name: "each the time before", startTimes: times.map((timeMs) => timeMs - 15_000), bytesMax: 4 * 240 },
    { name: "starts ahead of their samples", startTimes: times.map(() => START + 1e9), bytesMax: 7 },
    { name: "before 1970", startTimes: times.map(() => -(2 ** 49)), bytesMax: 10 },
  ]
) {
  Deno.test(`encodeStartTimes() keeps ${name} in ${bytesMax} bytes`, () => {
    const bytes = encode(startTimes, times);
    assert.deepEqual(decode(bytes, times), startTimes);
    assert.ok(bytes.length <= bytesMax, `${bytes.length} bytes`);
  });
}

Deno.test("decodeStartTimes() gives back any stretch, and throws RangeError for what is cut short", () => {
  const start = fc.oneof(fc.constantFrom(0, 0, 5, START), fc.integer());
  fc.assert(
    fc.property(fc.array(start, { minLength: 1, maxLength: 30 }), fc.nat(), fc.nat(), (starts, a, b) => {
      const column = Float64Array.from(starts), of = times.subarray(0, starts.length);
      const bytes = encode(column, of);
      const [from, to] = [a % (starts.length + 1), b % (starts.length + 1)].sort((x, y) => x - y);
      assert.deepEqual(decode(bytes, of, from, to), column.slice(from, to));
      assert.throws(() => decode(bytes.subarray(0, bytes.length - 1), of), RangeError);
    }),
  );
});

Deno.test("decodeStartTimes() refuses runs that are none or too long", () => {
  for (const head of [0, 1, 2 * 4, 2 * 4 + 1]) {
    assert.throws(() => decode(Uint8Array.of(head, 0), times.subarray(0, 3)), /start timestamps of/);
  }
});
