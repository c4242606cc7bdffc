import assert from "node:assert/strict";
import {
  acceptHeader,
  DEFAULT_SCRAPE_PROTOCOLS,
  type ExpositionFormat,
  negotiate,
  parserFormat,
  PROTO_FIRST_SCRAPE_PROTOCOLS,
  type ScrapeProtocol,
} from "../../../engine/exposition/negotiation.ts";

Deno.test("acceptHeader() is upstream's", () => {
  assert.equal(
    acceptHeader(DEFAULT_SCRAPE_PROTOCOLS, "allow-utf-8"),
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5," +
      "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
  );
  assert.equal(
    acceptHeader(PROTO_FIRST_SCRAPE_PROTOCOLS, "underscores"),
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6," +
      "application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4," +
      "text/plain;version=1.0.0;escaping=underscores;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
  );
});

const NO_FALLBACK = /and no fallback_scrape_protocol (specified )?for target$/;
const contentTypes: [
  header: string | null,
  fallback: ScrapeProtocol | undefined,
  want: string | RegExp,
  RegExp?,
][] = [
  ["text/plain; version=0.0.4; charset=utf-8", undefined, "text"],
  ["TEXT/PLAIN", undefined, "text"],
  ["text/plain;", undefined, "text"],
  ['application/openmetrics-text; version="9"', "PrometheusText0.0.4", "openmetrics"],
  ["application/vnd.google.protobuf; proto=x", undefined, "protobuf"],
  ["", undefined, /^non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol/],
  [
    null,
    "PrometheusProto",
    "protobuf",
    /^non-compliant scrape target sending blank Content-Type, using fallback/,
  ],
  ["text/html", undefined, /^received unsupported Content-Type "text\/html" and no/],
  [
    "text/html",
    "OpenMetricsText1.0.0",
    "openmetrics",
    /using fallback_scrape_protocol "application\/openmetrics-text"$/,
  ],
  ["text/plain; charset", undefined, /^cannot parse Content-Type "text\/plain; charset" and no/],
  ["a/b/c", "PrometheusText0.0.4", "text", /^could not parse received Content-Type "a\/b\/c", using/],
];
for (const [header, fallback, want, warning] of contentTypes) {
  Deno.test(`parserFormat() of ${header} with fallback ${fallback ?? "none"}`, () => {
    if (want instanceof RegExp) {
      assert.match(
        String((() => {
          try {
            return parserFormat(header, fallback).format;
          } catch (error) {
            assert.match((error as Error).message, NO_FALLBACK);
            return (error as Error).message;
          }
        })()),
        want,
      );
      return;
    }
    const got = parserFormat(header, fallback);
    assert.equal(got.format, want);
    if (warning === undefined) assert.equal(got.warning, undefined);
    else assert.match(got.warning ?? "", warning);
  });
}

const ALL: ExpositionFormat[] = [
  "text-0.0.4",
  "text-1.0.0",
  "openmetrics-1.0.0",
  "openmetrics-0.0.1",
  "protobuf",
];
const PROTOBUF =
  "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
const accepts: [accept: string | null, offered: ExpositionFormat[], want: string][] = [
  [null, ALL, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"],
  ["*/*", ALL, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"],
  ["text/html", ALL, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"],
  ["text/html;q=0.9, text/*;q=0.8", ALL, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"],
  [
    acceptHeader(DEFAULT_SCRAPE_PROTOCOLS, "allow-utf-8"),
    ALL,
    "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
  ],
  [
    acceptHeader(DEFAULT_SCRAPE_PROTOCOLS, "values"),
    ["text-0.0.4"],
    "text/plain; version=0.0.4; charset=utf-8; escaping=values",
  ],
  [
    "application/openmetrics-text",
    ALL,
    "application/openmetrics-text; version=0.0.1; charset=utf-8; escaping=underscores",
  ],
  [
    "text/plain;version=0.0.4;q=0.3,text/plain;version=1.0.0;escaping=dots;q=0.4",
    ALL,
    "text/plain; version=1.0.0; charset=utf-8; escaping=dots",
  ],
  [
    "application/openmetrics-text;version=1.0.0;q=0, text/plain;version=1.0.0",
    ALL,
    "text/plain; version=1.0.0; charset=utf-8; escaping=underscores",
  ],
  [acceptHeader(PROTO_FIRST_SCRAPE_PROTOCOLS, "allow-utf-8"), ALL, `${PROTOBUF}; escaping=underscores`],
  [`${PROTOBUF};escaping=dots`, ALL, `${PROTOBUF}; escaping=dots`],
  // The other encodings, and wildcards, are not for us.
  [
    `${PROTOBUF.replace("delimited", "text")}`,
    ALL,
    "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
  ],
  ["application/vnd.google.protobuf", ALL, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"],
  [
    "application/*",
    ["text-0.0.4", "protobuf"],
    "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
  ],
  [PROTOBUF, ["text-0.0.4"], "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"],
];
for (const [accept, offered, want] of accepts) {
  Deno.test(`negotiate() of ${accept} among ${offered.length}`, () => {
    assert.equal(negotiate(accept, offered).contentType, want);
  });
}
