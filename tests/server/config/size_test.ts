import assert from "node:assert/strict";
import fc from "fast-check";
import { formatSize, parseSize } from "../../../server/config/size.ts";

Deno.test("parseSize() reads sizes in powers of two, with both spellings of the unit", () => {
  const cases: [text: string, bytes: number][] = [
    ["0", 0],
    ["0B", 0],
    ["1B", 1],
    ["1KB", 1024],
    ["1KiB", 1024],
    ["15MB", 15 * 1024 ** 2],
    ["1.5KB", 1536],
    [".5KB", 512],
    ["1GB512MB", 1.5 * 1024 ** 3],
    ["-1GB", -(1024 ** 3)],
    ["+2B", 2],
    ["1EB", 1024 ** 6],
  ];
  for (const [text, bytes] of cases) assert.equal(parseSize(text), bytes, text);
});

Deno.test("parseSize() refuses what upstream refuses, in its words", () => {
  const cases: [text: string, message: string][] = [
    ["100", "units: unknown unit  in 100"],
    ["", "units: invalid "],
    ["-", "units: invalid -"],
    [".B", "units: invalid .B"],
    ["B", "units: invalid B"],
    ["1kB", "units: unknown unit kB in 1kB"],
    ["1KB1MiB", "units: unknown unit MiB in 1KB1MiB"],
    ["8EB", "units: overflow parsing unit"],
    ["99999999999999999999B", "units: invalid 99999999999999999999B"],
  ];
  for (const [text, message] of cases) assert.throws(() => parseSize(text), { message }, text);
});

Deno.test("parseSize() reads back whatever formatSize() prints", () => {
  assert.equal(formatSize(15 * 1024 ** 2), "15MiB");
  assert.equal(formatSize(1536), "1KiB512B");
  assert.equal(formatSize(0), "0B");
  fc.assert(fc.property(fc.maxSafeInteger(), (bytes) => {
    if (bytes >= 0) assert.equal(parseSize(formatSize(bytes)), bytes);
  }));
});
