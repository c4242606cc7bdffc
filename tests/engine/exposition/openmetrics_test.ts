import assert from "node:assert/strict";
import { TestTarget } from "./parse_body.ts";

const bodies: { name: string; body: string; want: string[] }[] = [
  {
    name: "timestamps in seconds",
    body: "a 1 1.5\nb 1 1700000000\n# EOF\n",
    want: [
      '{__name__="a"} 1 @1500',
      '{__name__="b"} 1 @1700000000000',
    ],
  },
  { name: "an end without a line feed", body: "a 1\n# EOF", want: ['{__name__="a"} 1'] },
  {
    name: "exemplars",
    body: 'a_total 1 # {t="x # y"} 0.5 1.25\nb_total 2 3 # {} 1\n# EOF\n',
    want: [
      '{__name__="a_total"} # {t="x # y"} 0.5 @1250',
      '{__name__="a_total"} 1',
      '{__name__="b_total"} # {} 1',
      '{__name__="b_total"} 2 @3000',
    ],
  },
  {
    name: "_created as a series",
    body: "# TYPE a counter\na_total 1\na_created 5\n# EOF\n",
    want: [
      '{__name__="a_created"} 5',
      '{__name__="a_total"} 1',
    ],
  },
  {
    name: "quoted names",
    body: '# TYPE "a.b" counter\n{"a.b_total",x="1"} 1\n# EOF\n',
    want: [
      '{__name__="a.b_total", x="1"} 1',
    ],
  },
];
for (const { name, body, want } of bodies) {
  Deno.test(`OpenMetrics parser reads ${name}, at first and from memory`, () => {
    const target = new TestTarget("openmetrics");
    for (let i = 0; i < 2; i++) assert.deepEqual(target.scrape(body).samples(), want);
  });
}

const malformed: [string, RegExp][] = [
  ["", /data does not end with # EOF/],
  ["a 1\n", /data does not end with # EOF/],
  ["a 1", /data does not end with # EOF/],
  ["# EOF\na 1\n", /unexpected data after # EOF/],
  ["# EOF\n\n", /unexpected data after # EOF/],
  ["# EOFx", /data does not end with # EOF/],
  ["# UNIT a_b c\n# EOF\n", /unit "c" not a suffix of metric "a_b"/],
  ["# UNIT b b\n# EOF\n", /unit "b" not a suffix of metric "b"/],
  ["# TYPE a untyped\n# EOF\n", /invalid metric type "untyped"/],
  ["# HELP a\n# EOF\n", /expected text in HELP/],
  ["a  1\n# EOF\n", /invalid syntax/],
  ["a 1 NaN\n# EOF\n", /invalid timestamp NaN/],
  ['a 1 # {x="y"} 1 Inf\n# EOF\n', /invalid exemplar timestamp/],
  ['a{x="1" y="2"} 1\n# EOF\n', /expected comma or brace close/],
];
for (const [body, message] of malformed) {
  Deno.test(`OpenMetrics parser refuses ${JSON.stringify(body)}, however it is split`, () => {
    for (const lengths of [[], [1]]) {
      assert.throws(() => new TestTarget("openmetrics").scrape(body, lengths), message);
    }
  });
}

Deno.test("OpenMetrics parser takes _created as the start time of a metric's series where asked to", () => {
  const target = new TestTarget("openmetrics", { startTimestamps: true });
  const body = '# TYPE a counter\na_total{x="1"} 1\na_created{x="1"} 5\na_total{x="2"} 2\n' +
    '# TYPE s summary\ns{quantile="0.5"} 1\ns_count 3\ns_created 7\n# TYPE g gauge\ng_created 1\n# EOF\n';
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(target.scrape(body).samples(), [
      '{__name__="a_total", x="1"} 1',
      '{__name__="a_total", x="1"} start=5000',
      '{__name__="a_total", x="2"} 2',
      '{__name__="g_created"} 1',
      '{__name__="s", quantile="0.5"} 1',
      '{__name__="s", quantile="0.5"} start=7000',
      '{__name__="s_count"} 3',
      '{__name__="s_count"} start=7000',
    ]);
  }
});

Deno.test("OpenMetrics parser gives exemplars and start time of a converted histogram to it", () => {
  const options = { startTimestamps: true, convertClassicHistogramsToNhcb: true };
  const target = new TestTarget("openmetrics", options);
  const body =
    '# TYPE h histogram\nh_bucket{le="1"} 1 # {t="x"} 0.5\nh_bucket{le="+Inf"} 2\nh_count 2\nh_sum 3\n' +
    "h_created 4\n# EOF\n";
  assert.deepEqual(target.scrape(body).samples(), [
    '{__name__="h"} # {t="x"} 0.5',
    '{__name__="h"} schema=-53 count=2 sum=3 bounds=[1] spans=[0:2] buckets=[1,1] start=4000',
  ]);
});
