import assert from "node:assert/strict";
import fc from "fast-check";
import type { ParserOptions } from "../../../engine/exposition/scrape_row.ts";
import { family, type Field, label, message, timestamp, TYPE, varint } from "./metric_messages.ts";
import { TestTarget } from "./parse_body.ts";

const exemplar = (field: number, value: number, ms?: number): Field => ({
  field,
  message: [label("t", "x"), { field: 2, double: value }, ...(ms === undefined ? [] : [timestamp(3, ms)])],
});
const bucket = (upperBound: number, count: number, ...more: Field[]): Field => ({
  field: 3,
  message: [{ field: 1, varint: count }, { field: 2, double: upperBound }, ...more],
});
const span = (field: number, offset: number, length: number): Field => ({
  field,
  message: [{ field: 1, zigzag: offset }, { field: 2, varint: length }],
});
const histogram = (...fields: Field[]): Field => ({ field: 7, message: fields });

const SIMPLE = [
  ...family("c_total", TYPE.counter, [
    [label("x", "1"), {
      field: 3,
      message: [{ field: 1, double: 5 }, exemplar(2, 0.5, 1500), timestamp(3, 7250)],
    }],
    [label("x", "2"), { field: 3, message: [{ field: 1, double: NaN }] }, { field: 6, varint: -1000 }],
  ], "s"),
  ...family("g", TYPE.gauge, [[{ field: 2, message: [{ field: 1, double: -2.5 }] }], [label("x", "")]]),
  ...family("u", TYPE.untyped, [[{ field: 5, message: [{ field: 1, double: Infinity }] }]]),
  ...family("empty", TYPE.gauge, []),
  ...family("s", TYPE.summary, [[{
    field: 4,
    message: [
      { field: 1, varint: 2n ** 53n },
      { field: 2, double: 1.5 },
      { field: 3, message: [{ field: 1, double: 1 }, { field: 2, double: 9 }] },
    ],
  }]]),
];
const SIMPLE_SAMPLES = [
  '{__name__="c_total", x="1"} # {t="x"} 0.5 @1500',
  '{__name__="c_total", x="1"} 5',
  '{__name__="c_total", x="2"} NaN @-1000',
  '{__name__="g"} -2.5',
  '{__name__="s", quantile="1.0"} 9',
  '{__name__="s_count"} 9007199254740992',
  '{__name__="s_sum"} 1.5',
  '{__name__="u"} Infinity',
];

Deno.test("ProtobufParser reads simple metrics and summaries, at first and from memory", () => {
  const target = new TestTarget("protobuf");
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(target.scrape(Uint8Array.from(SIMPLE)).samples(), SIMPLE_SAMPLES);
    assert.equal(target.row.samplesScraped, 8);
    assert.equal(target.row.duplicates, 1, 'g{x=""} is g');
  }
  assert.equal(target.resolved, 8);
  assert.deepEqual(target.series[3].emptyNames, []);
  assert.deepEqual(
    [...target.parser.metadata()].map(({ family, type, help, unit }) => [family, type, help, unit]),
    [
      ["c_total", "counter", "Help of c_total", "s"],
      ["g", "gauge", "Help of g", ""],
      ["u", "unknown", "Help of u", ""],
      ["s", "summary", "Help of s", ""],
    ],
  );
});

Deno.test("ProtobufParser reports start times where asked to", () => {
  const target = new TestTarget("protobuf", { startTimestamps: true }).scrape(Uint8Array.from(SIMPLE));
  assert.deepEqual(target.samples().filter((line) => line.includes("start")), [
    '{__name__="c_total", x="1"} start=7250',
  ]);
});

Deno.test("ProtobufParser gives the same row for any split into chunks", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 4 }), (lengths) => {
      const target = new TestTarget("protobuf").scrape(Uint8Array.from(SIMPLE), lengths);
      assert.deepEqual(target.samples(), SIMPLE_SAMPLES);
    }),
  );
});

const CLASSIC_PART = [
  { field: 1, varint: 4 },
  { field: 2, double: 9 },
  bucket(1, 1, exemplar(3, 0.5)),
  bucket(2, 3, exemplar(3, 1.5, 2000)),
];
const NATIVE_PART = [
  { field: 5, zigzag: 1 },
  { field: 6, double: 0.001 },
  { field: 7, varint: 1 },
  span(12, -2, 2),
  span(12, 1, 1),
  { field: 13, packedZigzags: [2, -1] },
  { field: 13, zigzag: -1 },
];
const CLASSIC = [
  '{__name__="h_bucket", le="+Inf"} 4',
  '{__name__="h_bucket", le="1.0"} # {t="x"} 0.5',
  '{__name__="h_bucket", le="1.0"} 1',
  '{__name__="h_bucket", le="2.0"} # {t="x"} 1.5 @2000',
  '{__name__="h_bucket", le="2.0"} 3',
  '{__name__="h_count"} 4',
  '{__name__="h_sum"} 9',
];
const NATIVE = '{__name__="h"} schema=1 count=4 sum=9 bounds=[] spans=[-2:2] buckets=[2,1]';
const CONVERTED = '{__name__="h"} schema=-53 count=4 sum=9 bounds=[1,2] spans=[0:3] buckets=[1,2,1]';
const TIMED_EXEMPLAR = '{__name__="h"} # {t="x"} 1.5 @2000';
const NATIVE_ONLY = [{ field: 1, varint: 4 }, { field: 2, double: 9 }, ...NATIVE_PART];

const matrix: { name: string; fields: Field[]; options: Partial<ParserOptions>; want: string[] }[] = [
  { name: "classic", fields: CLASSIC_PART, options: { scrapeNativeHistograms: true }, want: CLASSIC },
  {
    name: "classic, converted",
    fields: CLASSIC_PART,
    options: { convertClassicHistogramsToNhcb: true },
    want: [TIMED_EXEMPLAR, CONVERTED],
  },
  {
    name: "classic, converted, classic kept",
    fields: CLASSIC_PART,
    options: { convertClassicHistogramsToNhcb: true, alwaysScrapeClassicHistograms: true },
    want: [TIMED_EXEMPLAR, CONVERTED, ...CLASSIC],
  },
  {
    name: "native only, not wanted",
    fields: NATIVE_ONLY,
    options: {},
    want: ['{__name__="h_bucket", le="+Inf"} 4', '{__name__="h_count"} 4', '{__name__="h_sum"} 9'],
  },
  {
    name: "native only, all options",
    fields: NATIVE_ONLY,
    options: {
      scrapeNativeHistograms: true,
      convertClassicHistogramsToNhcb: true,
      alwaysScrapeClassicHistograms: true,
    },
    want: [NATIVE],
  },
  { name: "both, native not wanted", fields: [...CLASSIC_PART, ...NATIVE_PART], options: {}, want: CLASSIC },
  {
    name: "both, never converted",
    fields: [...CLASSIC_PART, ...NATIVE_PART],
    options: { scrapeNativeHistograms: true, convertClassicHistogramsToNhcb: true },
    want: [TIMED_EXEMPLAR, NATIVE],
  },
  {
    name: "both, classic kept",
    fields: [...CLASSIC_PART, ...NATIVE_PART],
    options: { scrapeNativeHistograms: true, alwaysScrapeClassicHistograms: true },
    want: [TIMED_EXEMPLAR, NATIVE, ...CLASSIC],
  },
];
for (const { name, fields, options, want } of matrix) {
  Deno.test(`ProtobufParser stores a histogram exposed as ${name}`, () => {
    const target = new TestTarget("protobuf", options);
    for (let i = 0; i < 2; i++) {
      target.scrape(Uint8Array.from(family("h", TYPE.histogram, [[histogram(...fields)]])));
      assert.deepEqual(target.samples(), want.toSorted());
    }
  });
}

Deno.test("ProtobufParser reads float histograms, own exemplars and both sides", () => {
  const body = family("h", TYPE.gaugeHistogram, [[
    histogram(
      { field: 4, double: 6.5 },
      { field: 8, double: 1 },
      span(9, 0, 1),
      { field: 11, double: 2.5 },
      span(12, 3, 2),
      { field: 14, packedDoubles: [1.5, 1.5] },
      timestamp(15, 1000),
      exemplar(16, 4),
      exemplar(16, 5, 3000),
    ),
    { field: 6, varint: 12345 },
  ]]);
  const target = new TestTarget("protobuf", { scrapeNativeHistograms: true, startTimestamps: true });
  target.scrape(Uint8Array.from(body));
  const { histogram: h, startMs, timeMs } = target.row.histograms[0];
  assert.deepEqual([startMs, timeMs], [1000, 12345]);
  assert.deepEqual([h.count, h.zeroCount, h.counterResetHint], [6.5, 1, "gauge"]);
  assert.deepEqual([[...h.negativeBuckets], [...h.positiveBuckets]], [[2.5], [1.5, 1.5]]);
  assert.deepEqual(target.row.exemplars.map(({ value, timeMs }) => [value, timeMs]), [[5, 3000]]);
});

Deno.test("ProtobufParser takes a span of nothing as an empty native histogram", () => {
  const target = new TestTarget("protobuf", { scrapeNativeHistograms: true });
  target.scrape(Uint8Array.from(family("h", TYPE.histogram, [[histogram(span(12, 0, 0))]])));
  assert.equal(target.row.histograms[0].histogram.count, 0);
  assert.equal(target.row.samplesScraped, 1);
});

const malformed: [name: string, body: number[], message: RegExp][] = [
  ["a truncated body", SIMPLE.slice(0, -1), /unexpected EOF/],
  ["a length that is too large", varint(2 ** 40), /message is larger than/],
  ["a field that ends too late", [3, 10, 9, 65], /unexpected EOF/],
  ["an unknown type", family("x", 9, [[]]), /unknown metric type for metric "x": 9/],
  ["an empty name", family("", TYPE.gauge, [[]]), /invalid metric name/],
  [
    "a wrong wire type",
    [...varint(2), ...message([{ field: 1, varint: 1 }])],
    /wrong wireType = 0 for field 1/,
  ],
  ["an illegal wire type", [1, 0x5f], /illegal wireType 7/],
  [
    "a label twice",
    family("x", TYPE.gauge, [[label("a", "1"), label("a", "2")]]),
    /occurs twice/,
  ],
  [
    "spans that do not fit the buckets",
    family("x", TYPE.histogram, [[histogram(span(12, 0, 2), { field: 13, zigzag: 1 })]]),
    /span/,
  ],
  [
    "a count that the buckets do not add up to",
    family("x", TYPE.histogram, [[
      histogram({ field: 1, varint: 3 }, span(12, 0, 1), { field: 13, zigzag: 1 }),
    ]]),
    /^1 observations found in buckets, but the Count field is 3/,
  ],
];
for (const [name, body, message] of malformed) {
  Deno.test(`ProtobufParser refuses ${name}`, () => {
    const target = new TestTarget("protobuf", { scrapeNativeHistograms: true });
    assert.throws(() => target.scrape(Uint8Array.from(body)), { name: "ExpositionError", message });
  });
}

Deno.test("ProtobufParser refuses or reads any corrupted body without another error", () => {
  const edit = fc.tuple(fc.nat(SIMPLE.length - 1), fc.nat(255));
  fc.assert(fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
    const body = Uint8Array.from(SIMPLE);
    for (const [at, byte] of edits) body[at] = byte;
    try {
      new TestTarget("protobuf", { scrapeNativeHistograms: true }).scrape(body);
    } catch (error) {
      assert.equal((error as Error).name, "ExpositionError", String(error));
    }
  }));
});
