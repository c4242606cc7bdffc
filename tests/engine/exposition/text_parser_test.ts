import assert from "node:assert/strict";
import { ExpositionError } from "../../../engine/exposition/exposition_error.ts";
import { LINE_BYTES_MAX } from "../../../engine/exposition/text_parser.ts";
import { METRIC_NAME } from "../../../engine/labels/labels.ts";
import { TestTarget } from "./parse_body.ts";

const bodies: { name: string; body: string; want: string[] }[] = [
  { name: "an empty body", body: "", want: [] },
  { name: "blank lines and free comments", body: "\n \t\n# hello\n#\n#TYPE x y\n", want: [] },
  { name: "no final line feed", body: "a 1", want: ['{__name__="a"} 1'] },
  {
    name: "blanks between tokens",
    body: ' \ta { x = "1" , y="2" z="3",}\t 1.5 \t 1700000000123 \n',
    want: ['{__name__="a", x="1", y="2", z="3"} 1.5 @1700000000123'],
  },
  { name: "a value right after the brace", body: 'a{x="1"}2\n', want: ['{__name__="a", x="1"} 2'] },
  {
    name: "escapes",
    body: 'a{x="q\\"b\\\\n\\nu\\z}"} 1\n',
    want: ['{__name__="a", x="q\\"b\\\\n\\nu\\\\z}"} 1'],
  },
  { name: "labels out of order", body: 'a{z="1",b="2"} 1\n', want: ['{__name__="a", b="2", z="1"} 1'] },
  {
    name: "quoted names",
    body: '{"my.metric","lä.x"="v"} 1\n',
    want: ['{__name__="my.metric", "lä.x"="v"} 1'],
  },
  {
    name: "a name after a label",
    body: '{x="v","my.metric"} 1\n',
    want: ['{__name__="my.metric", x="v"} 1'],
  },
  {
    name: "special values",
    body: "a NaN\nb +Inf\nc -inf\n",
    want: ["a NaN", "b Infinity", "c -Infinity"].map(plain),
  },
  {
    name: "le of histograms and quantile of summaries",
    body: '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_bucket{quantile="1"} 3\n' +
      '# TYPE s summary\ns{quantile="0.10"} 3\ns{le="1"} 4\n# TYPE g gauge\ng{le="1",quantile="1"} 5\n',
    want: [
      '{__name__="g", le="1", quantile="1"} 5',
      '{__name__="h_bucket", le="+Inf"} 2',
      '{__name__="h_bucket", le="1.0"} 1',
      '{__name__="h_bucket", quantile="1"} 3',
      '{__name__="s", le="1"} 4',
      '{__name__="s", quantile="0.1"} 3',
    ],
  },
  {
    name: "a series text that begins like another",
    body: 'a 1\na {x="1"} 2\na{x="1"} 3\na_b 4\n',
    want: ['{__name__="a", x="1"} 2', '{__name__="a"} 1', '{__name__="a_b"} 4'],
  },
];

function plain(text: string): string {
  const [name, value] = text.split(" ");
  return `{__name__="${name}"} ${value}`;
}

for (const { name, body, want } of bodies) {
  Deno.test(`TextParser reads ${name}, at first and from memory`, () => {
    const target = new TestTarget("text").scrape(body);
    assert.deepEqual(target.samples(), want);
    const { resolved } = target;
    assert.deepEqual(target.scrape(body).samples(), want);
    assert.equal(target.resolved, resolved);
  });
}

const malformed: { body: string; message: RegExp; line: number }[] = [
  { body: "a\n", message: /expected value after metric/, line: 1 },
  { body: "a 1\nb x\n", message: /parsing "x": invalid syntax while parsing: "b x"/, line: 2 },
  { body: "a 0x1p-3\n", message: /unsupported character in float/, line: 1 },
  { body: "a 1 -5\n", message: /expected timestamp or new record/, line: 1 },
  { body: "a 1 1.5\n", message: /expected next entry after timestamp/, line: 1 },
  { body: "a 1 99999999999999999999\n", message: /value out of range/, line: 1 },
  { body: 'a 1 # {x="y"} 1\n', message: /expected timestamp/, line: 1 },
  { body: "0a 1\n", message: /expected a valid start token/, line: 1 },
  { body: 'a{1="x"} 1\n', message: /expected label name/, line: 1 },
  { body: "a{x} 1\n", message: /expected equal/, line: 1 },
  { body: "a{x=1} 1\n", message: /expected label value/, line: 1 },
  { body: 'a{x="1} 1\n', message: /expected label value/, line: 1 },
  { body: 'a{x="1",,y="2"} 1\n', message: /expected label name/, line: 1 },
  { body: 'a{x="1",x="2"} 1\n', message: /occurs twice/, line: 1 },
  { body: 'a{__name__="b"} 1\n', message: /occurs twice/, line: 1 },
  { body: '{"a","b"} 1\n', message: /metric name already set/, line: 1 },
  { body: 'a{"b"} 1\n', message: /metric name already set/, line: 1 },
  { body: '{x="1"} 1\n', message: /metric name not set/, line: 1 },
  { body: "\n# TYPE a foo\n", message: /invalid metric type "foo"/, line: 2 },
  { body: "# TYPE a counter \n", message: /invalid metric type "counter "/, line: 1 },
  { body: "# HELP 0\n", message: /expected metric name after HELP/, line: 1 },
];
for (const { body, message, line } of malformed) {
  Deno.test(`TextParser refuses ${JSON.stringify(body)}`, () => {
    for (const known of ["", "a 1\n", 'a{x="1"} 1\n']) {
      const target = new TestTarget("text");
      if (known !== "") target.scrape(known);
      assert.throws(() => target.scrape(body), (error) => {
        assert.ok(error instanceof ExpositionError);
        assert.match(error.message, message);
        assert.equal(error.line, line);
        return true;
      });
      // The failure leaves nothing behind.
      assert.deepEqual(target.scrape("a 7\n").samples(), ['{__name__="a"} 7']);
    }
  });
}

Deno.test("TextParser refuses label values that are not UTF-8", () => {
  const body = Uint8Array.from([
    ...new TextEncoder().encode('a{x="'),
    0xff,
    ...new TextEncoder().encode('"} 1\n'),
  ]);
  assert.throws(() => new TestTarget("text").scrape(body), /invalid UTF-8 label value/);
});

Deno.test("TextParser refuses a line that is too long, however it arrives", () => {
  const body = `a{x="${"y".repeat(LINE_BYTES_MAX)}"} 1\n`;
  for (const lengths of [[], [65_536]]) {
    assert.throws(() => new TestTarget("text").scrape(body, lengths), /line is longer than/);
  }
});

Deno.test("TextParser keeps the first of two samples of a series", () => {
  const target = new TestTarget("text").scrape("a 1\na 2\na NaN\nb NaN\nb 1\n");
  assert.deepEqual(target.samples(), ["a 1", "b NaN"].map(plain));
  assert.equal(target.row.duplicates, 3);
  assert.equal(target.row.samplesScraped, 5);
  assert.equal(target.row.samplesKept, 5);
});

Deno.test("TextParser keeps every sample with a timestamp of its own, unless timestamps are not honoured", () => {
  const body = "a 1 1000\na 2 2000\na 3\n";
  assert.deepEqual(new TestTarget("text").scrape(body).samples(), [
    '{__name__="a"} 1 @1000',
    '{__name__="a"} 2 @2000',
    '{__name__="a"} 3',
  ]);
  const ignoring = new TestTarget("text", { honorTimestamps: false }).scrape(body);
  assert.deepEqual(ignoring.samples(), ['{__name__="a"} 1']);
  assert.equal(ignoring.row.duplicates, 2);
});

Deno.test("TextParser counts dropped series as scraped only", () => {
  const target = new TestTarget("text", {}, (labels) => labels.get(METRIC_NAME) === "b");
  for (let i = 0; i < 2; i++) {
    target.scrape("a 1\nb 2\nc 3\n");
    assert.deepEqual(target.samples(), ["a 1", "c 3"].map(plain));
    assert.deepEqual([target.row.samplesScraped, target.row.samplesKept, target.row.bytes], [3, 2, 12]);
  }
  assert.throws(() => target.scrape("a 1\nb x\nc 3\n"), /invalid syntax/);
});

Deno.test("TextParser tells the resolver about empty labels, type and family", () => {
  const target = new TestTarget("text").scrape('# TYPE h histogram\nh_bucket{le="1",x="",y="z"} 1\n');
  const { labels, emptyNames, kind, type, family } = target.series[0];
  assert.equal(labels.toString(), '{__name__="h_bucket", le="1.0", y="z"}');
  assert.deepEqual({ emptyNames, kind, type, family }, {
    emptyNames: ["x"],
    kind: "float",
    type: "histogram",
    family: "h",
  });
});

Deno.test("TextParser adds type and unit labels where asked to", () => {
  const target = new TestTarget("openmetrics", { typeAndUnitLabels: true });
  target.scrape(
    '# TYPE a_s gauge\n# UNIT a_s s\na_s{__type__="x"} 1\n# TYPE b counter\nb_total 1\n# TYPE c unknown\nc{__type__="x"} 1\n# EOF\n',
  );
  assert.deepEqual(target.samples(), [
    '{__name__="a_s", __type__="gauge", __unit__="s"} 1',
    '{__name__="b_total", __type__="counter"} 1',
    '{__name__="c", __type__="x"} 1',
  ]);
});

Deno.test("TextParser reads a series anew when its type changes", () => {
  const body = (type: string) => `# TYPE a ${type}\na{quantile="1"} 1\n`;
  const target = new TestTarget("text").scrape(body("gauge"));
  assert.deepEqual(target.scrape(body("summary")).samples(), ['{__name__="a", quantile="1.0"} 1']);
  assert.deepEqual(target.scrape(body("gauge")).samples(), ['{__name__="a", quantile="1"} 1']);
});

Deno.test("TextParser resolves again after resetCache() and after a text was gone for long", () => {
  const target = new TestTarget("text").scrape("a 1\n");
  target.parser.resetCache();
  assert.deepEqual(target.scrape("a 2\n").samples(), [plain("a 2")]);
  assert.equal(target.resolved, 2);
  const many = (from: number) => Array.from({ length: 1000 }, (_, i) => `m${from + i} ${i}\n`).join("");
  for (let i = 0; i < 5; i++) target.scrape(many(1000 * i));
  target.scrape("a 3\n");
  assert.equal(target.resolved, 2 + 5000 + 1);
  assert.deepEqual(target.samples(), [plain("a 3")]);
});

Deno.test("TextParser knows the metadata of the last ten bodies", () => {
  const target = new TestTarget("text").scrape('# HELP a A \\\\ \\n\\"\n# TYPE a counter\na 1\n# HELP b\n');
  assert.deepEqual([...target.parser.metadata()], [
    { family: "a", type: "counter", help: 'A \\ \n\\"', unit: "" },
    { family: "b", type: "unknown", help: "", unit: "" },
  ]);
  for (let i = 0; i < 9; i++) target.scrape("a 1\n");
  assert.equal([...target.parser.metadata()].length, 2);
  target.scrape("# TYPE a gauge\n");
  assert.deepEqual([...target.parser.metadata()].map(({ family, type }) => [family, type]), [["a", "gauge"]]);
});

Deno.test("TextParser fails the scrape with the error of the resolver", () => {
  const target = new TestTarget("text", {}, () => {
    throw new RangeError("label_limit exceeded");
  });
  assert.throws(() => target.scrape("a 1\n"), { name: "RangeError", message: "label_limit exceeded" });
});

const HISTOGRAM =
  '# TYPE h histogram\nh_bucket{x="1",le="1"} 1\nh_bucket{x="1",le="2"} 3\nh_bucket{x="1",le="+Inf"} 4\n' +
  'h_sum{x="1"} 9\nh_count{x="1"} 4\nh_other 5\n';
const CONVERTED = '{__name__="h", x="1"} schema=-53 count=4 sum=9 bounds=[1,2] spans=[0:3] buckets=[1,2,1]';
const CLASSIC = [
  '{__name__="h_bucket", le="+Inf", x="1"} 4',
  '{__name__="h_bucket", le="1.0", x="1"} 1',
  '{__name__="h_bucket", le="2.0", x="1"} 3',
  '{__name__="h_count", x="1"} 4',
  '{__name__="h_sum", x="1"} 9',
];
for (const always of [false, true]) {
  Deno.test(`TextParser converts classic histograms, classic series ${always ? "kept" : "left out"}`, () => {
    const options = { convertClassicHistogramsToNhcb: true, alwaysScrapeClassicHistograms: always };
    const target = new TestTarget("text", options);
    for (let i = 0; i < 2; i++) {
      const want = [CONVERTED, plain("h_other 5"), ...(always ? CLASSIC : [])].sort();
      assert.deepEqual(target.scrape(HISTOGRAM).samples(), want);
      assert.equal(target.row.samplesScraped, want.length);
    }
  });
}

Deno.test("TextParser leaves out classic histograms that do not add up, and reads the next ones", () => {
  const target = new TestTarget("text", { convertClassicHistogramsToNhcb: true });
  target.scrape('# TYPE h histogram\nh_bucket{le="1"} 5\nh_bucket{le="2"} 3\nh_count 3\n' + HISTOGRAM);
  assert.deepEqual(target.samples(), [CONVERTED, plain("h_other 5")]);
});
