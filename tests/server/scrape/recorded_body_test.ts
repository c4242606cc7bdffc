import assert from "node:assert/strict";
import fc from "fast-check";
import { HeldBodies, HeldLimitError } from "../../../server/scrape/held_bodies.ts";
import { RecordedBody } from "../../../server/scrape/recorded_body.ts";

function replayed(body: RecordedBody): { contentTypes: (string | undefined)[]; bytes: number[] } {
  const contentTypes: (string | undefined)[] = [], bytes: number[] = [];
  body.replay({
    begin: (contentType) => void contentTypes.push(contentType),
    chunk: (chunk) => void bytes.push(...chunk),
  });
  return { contentTypes, bytes };
}

Deno.test("a recorded body is what was received, in at most twice its bytes", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), (chunks) => {
    const body = new RecordedBody(new HeldBodies(1e6, assert.fail));
    body.begin("text/plain");
    for (const chunk of chunks) {
      const reused = chunk.slice();
      body.chunk(reused);
      reused.fill(0);
    }
    body.end(true);
    const bytes = chunks.flatMap((chunk) => [...chunk]);
    assert.deepEqual(replayed(body), { contentTypes: ["text/plain"], bytes });
    assert.ok(body.bytes >= bytes.length && body.bytes <= 2 * bytes.length);
  }));
});

Deno.test("a recorded body that never began, or is not whole, holds nothing", () => {
  const held = new HeldBodies(100, assert.fail);
  const body = new RecordedBody(held);
  assert.deepEqual(replayed(body), { contentTypes: [], bytes: [] });
  body.begin(undefined);
  body.chunk(new Uint8Array(50));
  body.end(false);
  assert.equal(body.bytes, 0);
  assert.deepEqual(replayed(body).bytes, []);
});

Deno.test("bodies under way share their half of the memory; each gives back what it took", () => {
  let dropped = 0;
  const held = new HeldBodies(200, () => void dropped++);
  const a = new RecordedBody(held), b = new RecordedBody(held), c = new RecordedBody(held);
  a.chunk(new Uint8Array(60));
  b.chunk(new Uint8Array(40));
  assert.throws(() => c.chunk(new Uint8Array(1)), HeldLimitError);
  assert.equal(dropped, 1);
  a.end(true);
  b.end(false);
  c.chunk(new Uint8Array(100));
  assert.equal(dropped, 1);
});

Deno.test("held scrapes give way to bodies under way, the oldest first", async () => {
  let dropped = 0;
  const held = new HeldBodies(4000, () => void dropped++);
  const applied: number[] = [];
  for (const i of [1, 2, 3]) held.add({ bytes: 800, apply: () => void applied.push(i) });
  const body = new RecordedBody(held);
  body.chunk(new Uint8Array(60));
  assert.equal(dropped, 0);
  body.chunk(new Uint8Array(1000));
  assert.equal(dropped, 1);
  await held.drain(undefined as never, () => Promise.resolve());
  assert.deepEqual(applied, [2, 3]);
});
