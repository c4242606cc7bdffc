import assert from "node:assert/strict";
import fc from "fast-check";
import { hash32, hashLabels, xxhash64 } from "../../../engine/labels/hash.ts";
import { Labels } from "../../../engine/labels/labels.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

Deno.test.each([
  { text: "", want: 0xef46db3751d8e999n },
  { text: "a", want: 0xd24ec4f1a98c6e5bn },
  { text: "abc", want: 0x44bc2cf5ad770999n },
  { text: "Nobody inspects the spammish repetition", want: 0xfbcea83c8a378bf1n },
])("xxhash64($text)", ({ text, want }) => assert.equal(xxhash64(bytesOf(text)), want));

/** The specification written down with BigInt. */
function plainXxhash64(bytes: Uint8Array): bigint {
  const P1 = 0x9e3779b185ebca87n, P2 = 0xc2b2ae3d27d4eb4fn, P3 = 0x165667b19e3779f9n;
  const P4 = 0x85ebca77c2b2ae63n, P5 = 0x27d4eb2f165667c5n;
  const wrap = (x: bigint) => BigInt.asUintN(64, x);
  const rotate = (x: bigint, bits: bigint) => wrap(x << bits) | (x >> (64n - bits));
  const round = (acc: bigint, input: bigint) => wrap(rotate(wrap(acc + input * P2), 31n) * P1);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0, h = P5;
  if (bytes.length >= 32) {
    const acc = [wrap(P1 + P2), P2, 0n, wrap(-P1)];
    for (; at + 32 <= bytes.length; at += 32) {
      acc.forEach((value, i) => acc[i] = round(value, view.getBigUint64(at + 8 * i, true)));
    }
    h = wrap(rotate(acc[0], 1n) + rotate(acc[1], 7n) + rotate(acc[2], 12n) + rotate(acc[3], 18n));
    for (const value of acc) h = wrap((h ^ round(0n, value)) * P1 + P4);
  }
  h = wrap(h + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8) {
    h = wrap(rotate(h ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4);
  }
  if (at + 4 <= bytes.length) {
    h = wrap(rotate(h ^ wrap(BigInt(view.getUint32(at, true)) * P1), 23n) * P2 + P3);
    at += 4;
  }
  for (; at < bytes.length; at++) h = wrap(rotate(h ^ wrap(BigInt(bytes[at]) * P5), 11n) * P1);
  h = wrap((h ^ (h >> 33n)) * P2);
  h = wrap((h ^ (h >> 29n)) * P3);
  return h ^ (h >> 32n);
}

Deno.test("xxhash64() agrees with the specification in BigInt for any bytes and offsets", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(7), (bytes, start) => {
      start = Math.min(start, bytes.length);
      assert.equal(xxhash64(bytes, start), plainXxhash64(bytes.slice(start)));
    }),
    { numRuns: 500 },
  );
});

Deno.test("hashLabels() hashes names and values with 0xff after each", () => {
  const join = (texts: string[]) => Uint8Array.from(texts.flatMap((text) => [...bytesOf(text), 0xff]));
  assert.equal(hashLabels(Labels.empty), 0xef46db3751d8e999n);
  for (const value of ["x", "é😀", "日".repeat(5_000), "y"]) {
    const labels = Labels.from({ b: value, a: "1" });
    assert.equal(hashLabels(labels), plainXxhash64(join(["a", "1", "b", value])));
  }
});

Deno.test.each([
  { text: "", want: 0 },
  { text: "test", want: 0xba6bd213 },
  { text: "Hello, world!", want: 0xc0363e43 },
  { text: "The quick brown fox jumps over the lazy dog", want: 0x2e4ff723 },
])("hash32($text)", ({ text, want }) => {
  const padded = bytesOf(`xx${text}yyy`);
  assert.equal(hash32(bytesOf(text)), want);
  assert.equal(hash32(padded, 2, padded.length - 3), want);
});
