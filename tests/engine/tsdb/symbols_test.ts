import assert from "node:assert/strict";
import fc from "fast-check";
import { SymbolTable } from "../../../engine/tsdb/symbols.ts";

const text = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 12 }),
  fc.constantFrom("__name__", "job", "instance", "é", "\0", "a".repeat(3000)),
);

Deno.test("SymbolTable agrees with a Map, through growth", () => {
  fc.assert(fc.property(fc.array(text, { maxLength: 300 }), fc.array(text), (interned, asked) => {
    const table = new SymbolTable(), model = new Map<string, number>();
    for (const each of interned) {
      if (!model.has(each)) model.set(each, model.size);
      assert.equal(table.intern(each), model.get(each));
    }
    assert.equal(table.size, model.size);
    for (const [each, id] of model) {
      assert.equal(table.text(id), each);
      assert.equal(table.isLost(id), false);
    }
    for (const each of asked) assert.equal(table.find(each), model.get(each) ?? -1);
    assert.equal(
      table.bytes,
      [...model.keys()].reduce((sum, each) => sum + new TextEncoder().encode(each).length, 0),
    );
  }));
});

Deno.test("appendLost() takes ids that nothing finds, and later symbols keep theirs", () => {
  const table = new SymbolTable();
  table.intern("a");
  for (let i = 0; i < 1000; i++) table.appendLost();
  assert.equal(table.intern("b"), 1001);
  for (let i = 0; i < 1000; i++) table.intern(`more ${i}`);
  assert.equal(table.find("b"), 1001);
  assert.equal(table.text(1001), "b");
  assert.ok(table.isLost(1) && table.isLost(1000) && table.isLost(99_999));
  assert.ok(!table.isLost(0) && !table.isLost(1001));
});
