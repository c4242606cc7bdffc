import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { gzipSync } from "node:zlib";
import { Decompression } from "../../../server/scrape/decompression.ts";

/** What `pieces` decompress to, and the longest chunk in which it comes. */
async function decompress(pieces: readonly Uint8Array[]): Promise<{ bytes: Buffer; longest: number }> {
  const chunks: Uint8Array[] = [];
  const decompression = new Decompression((bytes) => void chunks.push(bytes.slice()));
  try {
    for (const piece of pieces) {
      const passing = Uint8Array.from(piece);
      await decompression.write(passing);
      passing.fill(0); // its bytes were taken
    }
    await decompression.end();
  } finally {
    decompression.close();
  }
  return { bytes: Buffer.concat(chunks), longest: Math.max(0, ...chunks.map(({ length }) => length)) };
}

const a = gzipSync("a 1\n"), b = gzipSync("b 2\n");
const wrong = (zipped: Uint8Array, at: number) => Uint8Array.from(zipped, (x, i) => i === at ? x ^ 1 : x);

for (
  const { name, zipped, error } of [
    { name: "no bytes", zipped: new Uint8Array(0), error: "gzip: unexpected end of file" },
    { name: "what is not gzip", zipped: Buffer.from("a 1\n"), error: "gzip: invalid header" },
    { name: "half a header", zipped: a.subarray(0, 5), error: "gzip: unexpected end of file" },
    { name: "half a trailer", zipped: a.subarray(0, -3), error: "gzip: unexpected end of file" },
    { name: "a wrong checksum", zipped: wrong(a, a.length - 8), error: "gzip: invalid checksum" },
    {
      name: "text after the end",
      zipped: Buffer.concat([a, Buffer.from("x y")]),
      error: "gzip: invalid header",
    },
    {
      name: "half a second member",
      zipped: Buffer.concat([a, b.subarray(0, 12)]),
      error: "gzip: unexpected end of file",
    },
  ]
) {
  Deno.test(`Decompression fails for ${name}, wherever it is split`, async () => {
    await assert.rejects(decompress([zipped]), { message: error });
    await assert.rejects(decompress([...zipped].map((byte) => Uint8Array.of(byte))), { message: error });
  });
}

Deno.test("Decompression yields the bytes of all members, split anywhere", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 2000 })), {
        minLength: 1,
        maxLength: 3,
      }),
      fc.array(fc.nat(1_000_000), { maxLength: 5 }),
      async (members, cuts) => {
        const plain = members.map(([bytes, times]) => Buffer.concat(new Array(times).fill(bytes)));
        // Without compression there are more bytes than are gathered.
        const zipped = Buffer.concat(plain.map((bytes, i) => gzipSync(bytes, { level: i === 0 ? 0 : 6 })));
        const at = [0, ...cuts.map((cut) => cut % zipped.length).sort((x, y) => x - y), zipped.length];
        const { bytes } = await decompress(at.slice(1).map((end, i) => zipped.subarray(at[i], end)));
        assert.ok(bytes.equals(Buffer.concat(plain)));
      },
    ),
    { numRuns: 50 },
  ));

Deno.test("Decompression hands on little at a time, however far a body expands", async () => {
  const { bytes, longest } = await decompress([gzipSync(Buffer.alloc(50 << 20))]);
  assert.equal(bytes.length, 50 << 20);
  assert.ok(longest <= 64 << 10, `${longest} bytes`);
});

Deno.test("Decompression ends with what its receiver throws, and gives it no more", async () => {
  let calls = 0;
  const refused = new Error("refused");
  const decompression = new Decompression(() => {
    calls++;
    throw refused;
  });
  await assert.rejects(async () => {
    await decompression.write(gzipSync(Buffer.alloc(50 << 20)));
    await decompression.end();
  }, refused);
  decompression.close();
  assert.equal(calls, 1);
});
