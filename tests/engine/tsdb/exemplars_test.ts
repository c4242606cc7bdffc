import assert from "node:assert/strict";
import fc from "fast-check";
import { type ExemplarEntry, ExemplarStore } from "../../../engine/tsdb/exemplars.ts";

const exemplar = (timeMs: number, value = 1, labels: string[] = ["trace_id", "x"]): ExemplarEntry => ({
  timeMs,
  value,
  labels,
});

Deno.test("add() keeps the order of a series, refuses repeats, long label sets, and all when off", () => {
  const store = new ExemplarStore(3);
  assert.equal(store.add(1, exemplar(10)), "stored");
  assert.equal(store.add(1, exemplar(10)), "duplicate");
  assert.equal(store.add(1, exemplar(10, 2)), "out_of_order");
  assert.equal(store.add(1, exemplar(9)), "out_of_order");
  assert.equal(store.add(2, exemplar(9)), "stored");
  assert.equal(store.add(1, exemplar(11, 1, ["a", "é".repeat(127)])), "stored");
  assert.equal(store.add(1, exemplar(12, 1, ["a", "é".repeat(128)])), "labels_too_long");
  assert.equal(new ExemplarStore(0).add(1, exemplar(1)), "disabled");
});

Deno.test("the ring keeps the newest, through resizing", () => {
  fc.assert(
    fc.property(
      fc.nat(6),
      fc.array(fc.oneof(fc.record({ ref: fc.nat(3) }), fc.record({ capacity: fc.nat(6) })), {
        maxLength: 40,
      }),
      (capacity, steps) => {
        const store = new ExemplarStore(capacity);
        let model: { ref: number; timeMs: number }[] = [], room = capacity, timeMs = 0;
        for (const step of steps) {
          if ("capacity" in step) {
            store.resize(step.capacity);
            room = step.capacity;
          } else {
            timeMs++;
            assert.equal(store.add(step.ref, exemplar(timeMs)), room === 0 ? "disabled" : "stored");
            model.push({ ref: step.ref, timeMs });
          }
          model = room === 0 ? [] : model.slice(-room);
          assert.deepEqual(
            [...store.inOrder()].map(({ ref, exemplar }) => ({ ref, timeMs: exemplar.timeMs })),
            model,
          );
          assert.equal(store.size, model.length);
          assert.equal(store.seriesCount, new Set(model.map(({ ref }) => ref)).size);
        }
      },
    ),
  );
});
