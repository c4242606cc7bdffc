import assert from "node:assert/strict";
import fc from "fast-check";
import { Labels } from "../../../../engine/labels/labels.ts";
import { LabelPacker, unpackLabels } from "../../../../engine/promql/pushdown/packed_labels.ts";
import { ScannedSeries } from "../../../../engine/tsdb/scanned_series.ts";
import { SeriesIndex } from "../../../../engine/tsdb/series_index.ts";

const NO_COLUMNS = { labels: Labels.empty, times: new Float64Array(), values: new Float64Array() };
const NONE: ReadonlySet<string> = new Set();

const name = fc.constantFrom("__name__", "__type__", "a", "b", "é");
const value = fc.oneof(
  fc.constantFrom("__name__", "a", "x", "𝄞"),
  fc.string({ unit: "grapheme", minLength: 1 }),
);
const labels = fc.dictionary(name, value, { maxKeys: 5 }).map((pairs) => Labels.from(pairs));

Deno.test("label sets are unpacked as they were packed, whether given as such or as series of an index", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(labels, fc.boolean()), { maxLength: 200 }),
    fc.subarray(["__name__", "__type__", "a"]),
    (sets, dropped) => {
      const index = new SeriesIndex(), packer = new LabelPacker();
      for (const [labels, isSeries] of sets) {
        if (isSeries && labels.size > 0) {
          packer.addSeries(new ScannedSeries(index, index.intern(labels), NO_COLUMNS));
        } else packer.add(labels);
      }
      const packed = structuredClone(packer.finish());
      assert.equal(new Set(packed.symbols).size, packed.symbols.length, "a text is there twice");
      const textOf = (all: readonly Labels[]) => all.map(String);
      assert.deepEqual(textOf(unpackLabels(packed, NONE)), textOf(sets.map(([labels]) => labels)));
      const names = new Set(dropped);
      assert.deepEqual(
        textOf(unpackLabels(packed, names)),
        textOf(sets.map(([labels]) => labels.drop(names))),
      );
    },
  ));
});

Deno.test("a label's value is kept where it is the name of a label that is dropped", () => {
  const packer = new LabelPacker();
  packer.add(Labels.from({ __name__: "x", a: "__name__" }));
  assert.equal(String(unpackLabels(packer.finish(), new Set(["__name__"]))[0]), '{a="__name__"}');
});

Deno.test("no label sets, and label sets without labels, are packed", () => {
  assert.deepEqual(unpackLabels(new LabelPacker().finish(), NONE), []);
  const packer = new LabelPacker();
  packer.add(Labels.empty);
  packer.add(Labels.empty);
  assert.deepEqual(unpackLabels(packer.finish(), NONE).map(String), ["{}", "{}"]);
});
