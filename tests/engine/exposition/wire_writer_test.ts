import assert from "node:assert/strict";
import fc from "fast-check";
import { NumberList } from "../../../engine/exposition/number_list.ts";
import { WireReader } from "../../../engine/exposition/wire_reader.ts";
import { WireWriter } from "../../../engine/exposition/wire_writer.ts";

const whole = fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.integer({ min: -300, max: 300 }));
// Zigzag doubles a number, which has to stay exact.
const halfWhole = whole.map((value) => Math.trunc(value / 2) + 0); // never -0

type Field =
  | { kind: "double" | "integer" | "zigzag"; value: number }
  | { kind: "text"; value: string }
  | { kind: "zigzags" | "doubles"; value: number[] }
  | { kind: "message"; value: Field[] };

function fieldOf<K extends string, V>(kind: K, value: fc.Arbitrary<V>): fc.Arbitrary<{ kind: K; value: V }> {
  return value.map((value) => ({ kind, value }));
}

const text = fc.string({ unit: "binary", maxLength: 400 }).filter((text) => text.isWellFormed());
const { field } = fc.letrec<{ field: Field }>((tie) => ({
  field: fc.oneof(
    { depthSize: "small" },
    fieldOf("double", fc.double()),
    fieldOf("integer", whole),
    fieldOf("zigzag", halfWhole),
    fieldOf("text", text),
    fieldOf("zigzags", fc.array(halfWhole, { minLength: 1 })),
    fieldOf("doubles", fc.array(fc.double(), { minLength: 1 })),
    fieldOf("message", fc.array(tie("field"))),
  ),
}));

function write(out: WireWriter, fields: readonly Field[]): void {
  fields.forEach((field, i) => {
    const number = i + 1;
    if (field.kind === "double") out.double(number, field.value);
    else if (field.kind === "integer") out.integer(number, field.value);
    else if (field.kind === "zigzag") out.zigzag(number, field.value);
    else if (field.kind === "text") out.text(number, field.value);
    else if (field.kind === "message") out.message(number, () => write(out, field.value));
    else if (field.kind === "zigzags") out.zigzags(number, field.value);
    else out.doubles(number, Float64Array.from(field.value as number[]));
  });
}

function read(r: WireReader, like: readonly Field[]): Field[] {
  const fields: Field[] = [];
  while (r.next()) {
    const { kind, value } = like[r.field - 1];
    if (kind === "double") fields.push({ kind, value: r.double() });
    else if (kind === "integer") fields.push({ kind, value: r.signed() });
    else if (kind === "zigzag") fields.push({ kind, value: r.zigzag() });
    else if (kind === "text") {
      fields.push({ kind, value: new TextDecoder().decode(r.bytes.subarray(r.range(), r.at)) });
    } else if (kind === "message") {
      const outer = r.enter();
      fields.push({ kind, value: read(r, value as Field[]) });
      r.leave(outer);
    } else {
      const list = new NumberList();
      if (kind === "zigzags") r.zigzags(list);
      else r.doubles(list);
      fields.push({ kind, value: [...list.values.subarray(0, list.length)] });
    }
  }
  return fields;
}

Deno.test("what WireWriter writes, WireReader reads back", () => {
  fc.assert(fc.property(fc.array(field), (fields) => {
    const out = new WireWriter(), r = new WireReader();
    write(out, fields);
    const bytes = out.take();
    assert.equal(out.length, 0);
    r.reset(bytes, 0, bytes.length);
    assert.deepEqual(read(r, fields), fields);
  }));
});

Deno.test("WireWriter puts the length before a message of any size, and leaves out empty lists", () => {
  for (const length of [0, 1, 125, 126, 127, 128, 16_379, 16_384, 3_000_000]) {
    const out = new WireWriter();
    out.zigzags(1, []);
    out.doubles(2, new Float64Array(0));
    out.delimited(() => out.text(1, "x".repeat(length)));
    const message = out.take(), bytes = new Uint8Array(message.length + 1), r = new WireReader();
    bytes[0] = 0x0a; // what makes a field of it
    bytes.set(message, 1);
    r.reset(bytes, 0, bytes.length);
    assert.ok(r.next());
    const outer = r.enter();
    assert.ok(r.next());
    const start = r.range();
    assert.deepEqual([r.at - start, r.at, outer], [length, bytes.length, bytes.length]);
  }
});
