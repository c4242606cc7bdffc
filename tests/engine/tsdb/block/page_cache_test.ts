import assert from "node:assert/strict";
import { PageCache } from "../../../../engine/tsdb/block/page_cache.ts";

Deno.test("PageCache forgets the pages that were not used for longest", () => {
  const cache = new PageCache<string>(100);
  for (const key of ["a", "b", "c"]) cache.set(key, key.toUpperCase(), 30);
  assert.equal(cache.get("a"), "A");
  cache.set("d", "D", 30);
  assert.deepEqual(["a", "b", "c", "d"].map((key) => cache.get(key)), ["A", undefined, "C", "D"]);
  assert.equal(cache.bytes, 90);
  cache.set("a", "again", 1_000);
  assert.deepEqual([cache.get("a"), cache.bytes], ["A", 90]);
  cache.set("huge", "H", 101);
  assert.deepEqual([cache.get("huge"), cache.bytes], [undefined, 0]);
});
