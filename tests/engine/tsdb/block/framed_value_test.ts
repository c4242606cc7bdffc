import assert from "node:assert/strict";
import fc from "fast-check";
import {
  DamagedValueError,
  decodeJson,
  encodeJson,
  frame,
  unframe,
} from "../../../../engine/tsdb/block/framed_value.ts";

const payload = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.record({ byte: fc.nat(255), length: fc.nat(2000) }).map(({ byte, length }) =>
    new Uint8Array(length).fill(byte)
  ),
);

Deno.test("unframe() gives back what frame() was given, compressed or not", () => {
  fc.assert(fc.property(payload, fc.boolean(), (bytes, compress) => {
    assert.deepEqual([...unframe(frame(bytes, compress))], [...bytes]);
  }));
  assert.ok(frame(new Uint8Array(2000), true).length < 100);
});

Deno.test("unframe() refuses a value with any bit flipped, or cut short", () => {
  fc.assert(fc.property(payload, fc.boolean(), fc.nat(), (bytes, compress, at) => {
    const value = frame(bytes, compress);
    const flipped = value.slice();
    flipped[(at >> 3) % value.length] ^= 1 << (at & 7);
    assert.throws(() => unframe(flipped), DamagedValueError);
    assert.throws(() => unframe(value.subarray(0, at % value.length)), DamagedValueError);
  }));
});

Deno.test("decodeJson() gives back what encodeJson() was given", () => {
  // JSON has no -0.
  const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)));
  fc.assert(fc.property(json, (value) => assert.deepEqual(decodeJson(encodeJson(value)), value)));
  assert.throws(() => decodeJson(frame(new TextEncoder().encode("{"))), DamagedValueError);
});
