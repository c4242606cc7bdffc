import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteSink } from "../../../../engine/tsdb/chunk/byte_sink.ts";
import { decodeTimestamps, encodeTimestamps } from "../../../../engine/tsdb/chunk/timestamps.ts";

const START = 1_795_222_575_631;

function encode(times: Float64Array): Uint8Array {
  const sink = new ByteSink(16);
  encodeTimestamps(times, times.length, sink);
  return sink.written().slice();
}

function decode(bytes: Uint8Array, count: number): Float64Array {
  const out = new Float64Array(count);
  assert.equal(decodeTimestamps(bytes, 0, count, out, 0), bytes.length, "end offset");
  return out;
}

const grid = (n: number, f: (i: number) => number) =>
  Float64Array.from({ length: n }, (_, i) => START + f(i));

for (
  const { name, times, bytesMax } of [
    { name: "none", times: new Float64Array(0), bytesMax: 0 },
    { name: "one", times: Float64Array.of(START), bytesMax: 10 },
    { name: "two", times: Float64Array.of(START, START + 15_000), bytesMax: 13 },
    { name: "120 on a grid of 15 s", times: grid(120, (i) => 15_000 * i), bytesMax: 13 },
    { name: "480 on a grid of 15 s", times: grid(480, (i) => 15_000 * i), bytesMax: 13 },
    {
      name: "a grid with two gaps",
      times: grid(120, (i) => 15_000 * (i + (i > 40 ? 3 : 0) + (i > 80 ? 9 : 0))),
      bytesMax: 24,
    },
    { name: "120 with jitter of 2 ms", times: grid(120, (i) => 15_000 * i + i * 7 % 5 - 2), bytesMax: 75 },
    { name: "years apart", times: grid(4, (i) => i * i * 3e10), bytesMax: 40 },
    { name: "before 1970 and the last date", times: Float64Array.of(-62e9, 0, 8.64e14), bytesMax: 40 },
  ]
) {
  Deno.test(`encodeTimestamps() keeps ${name} in ${bytesMax} bytes`, () => {
    const bytes = encode(times);
    assert.deepEqual(decode(bytes, times.length), times);
    assert.ok(bytes.length <= bytesMax, `${bytes.length} bytes`);
  });
}

Deno.test("decodeTimestamps() gives back any ascending timestamps and throws RangeError when cut short", () => {
  const step = fc.oneof(
    fc.constantFrom(1_000, 15_000, 15_000, 60_000),
    fc.integer({ min: 14_990, max: 15_010 }),
    fc.integer({ min: 1, max: 2 ** 42 }),
  );
  fc.assert(
    fc.property(fc.integer(), fc.array(step, { maxLength: 200 }), fc.nat(), (first, steps, cut) => {
      let at = first;
      const times = Float64Array.from([first, ...steps.map((s) => at += s)]);
      const bytes = encode(times);
      assert.deepEqual(decode(bytes, times.length), times);
      const out = new Float64Array(times.length);
      assert.throws(
        () => decodeTimestamps(bytes.slice(0, cut % bytes.length), 0, times.length, out, 0),
        RangeError,
      );
    }),
    { numRuns: 500 },
  );
});

for (const bad of [[0.5], [1, NaN], [0, Infinity], [0, 2 ** 51], [2 ** 54, 2 ** 54]]) {
  Deno.test(`encodeTimestamps() throws RangeError for ${bad}`, () => {
    const sink = new ByteSink();
    assert.throws(() => encodeTimestamps(Float64Array.from(bad), bad.length, sink), RangeError);
    assert.equal(sink.length, 0);
  });
}
