import assert from "node:assert/strict";
import fc from "fast-check";
import { PAGE_BYTES_MAX, readValuePage, ValuePageWriter } from "../../../../engine/tsdb/block/value_page.ts";

const chunk = fc.record({
  ref: fc.nat(1_000_000),
  column: fc.nat(100_000),
  kind: fc.constantFrom<0 | 1>(0, 1),
  bytes: fc.uint8Array({ maxLength: 50 }),
});

Deno.test("readValuePage() gives back the chunks of a page", () => {
  fc.assert(fc.property(fc.array(chunk, { maxLength: 50 }), (chunks) => {
    const writer = new ValuePageWriter();
    for (let round = 0; round < 2; round++) {
      for (const { ref, column, kind, bytes } of chunks) writer.add(ref, column, kind, bytes);
      const page = readValuePage(writer.take());
      assert.deepEqual(
        chunks.map((_, i) => ({
          ref: page.refs[i],
          column: page.columns[i],
          kind: page.kinds[i],
          bytes: page.bytes.slice(page.offsets[i], page.offsets[i + 1]),
        })),
        chunks.map((chunk) => ({ ...chunk, bytes: Uint8Array.from(chunk.bytes) })),
      );
    }
  }));
});

Deno.test("a page is full before it is over its limit, and takes one chunk of any size", () => {
  const writer = new ValuePageWriter();
  assert.equal(writer.isFullFor(PAGE_BYTES_MAX), false);
  while (!writer.isFullFor(1000)) writer.add(0xffffffff, writer.count * 2 ** 20, 0, new Uint8Array(1000));
  assert.ok(writer.count > 50 && writer.take().length <= PAGE_BYTES_MAX);
});

Deno.test("readValuePage() refuses bytes that are no page", () => {
  const writer = new ValuePageWriter();
  writer.add(1, 2, 0, new Uint8Array(10));
  const page = writer.take();
  assert.throws(() => readValuePage(page.subarray(0, -1)), RangeError);
  assert.throws(() => readValuePage(Uint8Array.of(...page, 1)), RangeError);
  assert.throws(() => readValuePage(Uint8Array.of(255, 255, 255, 127)), RangeError);
});
