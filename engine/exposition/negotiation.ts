import { type EscapingScheme, isEscapingScheme } from "../labels/names.ts";
import type { ScrapeFormat } from "./scrape_row.ts";

/** Media types of the protocols that a scrape may ask for, by their names in the configuration. */
const PROTOCOLS = {
  PrometheusProto:
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
  "PrometheusText0.0.4": "text/plain;version=0.0.4",
  "PrometheusText1.0.0": "text/plain;version=1.0.0",
  "OpenMetricsText0.0.1": "application/openmetrics-text;version=0.0.1",
  "OpenMetricsText1.0.0": "application/openmetrics-text;version=1.0.0",
} as const;
export type ScrapeProtocol = keyof typeof PROTOCOLS;

export const SCRAPE_PROTOCOLS = Object.keys(PROTOCOLS) as readonly ScrapeProtocol[];
export const DEFAULT_SCRAPE_PROTOCOLS: readonly ScrapeProtocol[] = [
  "OpenMetricsText1.0.0",
  "OpenMetricsText0.0.1",
  "PrometheusText1.0.0",
  "PrometheusText0.0.4",
];
/** Where native histograms or start times are wanted: only protobuf carries them. */
export const PROTO_FIRST_SCRAPE_PROTOCOLS: readonly ScrapeProtocol[] = [
  "PrometheusProto",
  ...DEFAULT_SCRAPE_PROTOCOLS,
];

/** The Accept header of a scrape that prefers `protocols` in this order. */
export function acceptHeader(protocols: readonly ScrapeProtocol[], escaping: EscapingScheme): string {
  let weight = SCRAPE_PROTOCOLS.length + 1;
  const clauses = protocols.map((protocol) => {
    const escapes = protocol === "PrometheusText1.0.0" || protocol === "OpenMetricsText1.0.0";
    return `${PROTOCOLS[protocol]}${escapes ? `;escaping=${escaping}` : ""};q=0.${weight--}`;
  });
  return [...clauses, `*/*;q=0.${weight}`].join(",");
}

const FORMATS: ReadonlyMap<string, ScrapeFormat> = new Map([
  ["text/plain", "text"],
  ["application/openmetrics-text", "openmetrics"],
  ["application/vnd.google.protobuf", "protobuf"],
]);

/** A Content-Type that no parser can be chosen by. */
export class ContentTypeError extends TypeError {
  override readonly name = "ContentTypeError";
}

/**
 * The format of a scraped body.
 * @param contentType The header, "" or null where it is missing.
 * @param fallback `fallback_scrape_protocol`, undefined where none is set.
 * @returns `warning` is set where the fallback had to be used.
 * @throws {ContentTypeError} If the header says nothing useful and there is no fallback.
 */
export function parserFormat(
  contentType: string | null,
  fallback: ScrapeProtocol | undefined,
): { readonly format: ScrapeFormat; readonly warning: string | undefined } {
  const media = parseMediaType(contentType ?? "");
  const format = media === undefined ? undefined : FORMATS.get(media.type);
  if (format !== undefined) return { format, warning: undefined };
  const shown = JSON.stringify(contentType);
  if (fallback === undefined) {
    if (!contentType) {
      throw new ContentTypeError(
        "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target",
      );
    }
    throw new ContentTypeError(
      media === undefined
        ? `cannot parse Content-Type ${shown} and no fallback_scrape_protocol for target`
        : `received unsupported Content-Type ${shown} and no fallback_scrape_protocol specified for target`,
    );
  }
  const fallbackType = PROTOCOLS[fallback].split(";")[0];
  const problem = !contentType
    ? "non-compliant scrape target sending blank Content-Type"
    : media === undefined
    ? `could not parse received Content-Type ${shown}`
    : `received unsupported Content-Type ${shown}`;
  return {
    format: FORMATS.get(fallbackType)!,
    warning: `${problem}, using fallback_scrape_protocol ${JSON.stringify(fallbackType)}`,
  };
}

/** Formats of text that can be written, by what they are offered as. */
const OFFERS = {
  "text-0.0.4": { type: "text/plain", version: "0.0.4" },
  "text-1.0.0": { type: "text/plain", version: "1.0.0" },
  "openmetrics-0.0.1": { type: "application/openmetrics-text", version: "0.0.1" },
  "openmetrics-1.0.0": { type: "application/openmetrics-text", version: "1.0.0" },
} as const;
/** Formats that are text. */
export type TextFormat = keyof typeof OFFERS;
export type ExpositionFormat = TextFormat | "protobuf";

/** What to answer a request for metrics with. */
export interface Negotiated {
  readonly format: ExpositionFormat;
  readonly escaping: EscapingScheme;
  /** For the Content-Type header of the response. */
  readonly contentType: string;
}

/**
 * Chooses the format of a response.
 * @param accept The request's Accept header, null where it is missing.
 * @param offered Formats that the server can write; the first text is for clients that take anything.
 * @returns Text 0.0.4, or else the first offer, where nothing matches.
 */
export function negotiate(accept: string | null, offered: readonly ExpositionFormat[]): Negotiated {
  let escaping: EscapingScheme = "underscores";
  const answer = (format: ExpositionFormat): Negotiated => ({
    format,
    escaping,
    contentType: `${contentTypeOf(format)}; escaping=${escaping}`,
  });
  for (const clause of acceptClauses(accept ?? "")) {
    const wanted = clause.params.get("escaping") ?? "";
    if (isEscapingScheme(wanted)) escaping = wanted;
    const format = offered.find((offer) => matches(clause, offer));
    if (format !== undefined) return answer(format);
  }
  return answer(offered.includes("text-0.0.4") ? "text-0.0.4" : offered[0] ?? "text-0.0.4");
}

interface MediaType {
  readonly type: string;
  readonly params: ReadonlyMap<string, string>;
}

const PROTOBUF = "application/vnd.google.protobuf", METRIC_FAMILY = "io.prometheus.client.MetricFamily";

function contentTypeOf(format: ExpositionFormat): string {
  if (format === "protobuf") return `${PROTOBUF}; proto=${METRIC_FAMILY}; encoding=delimited`;
  const { type, version } = OFFERS[format];
  return `${type}; version=${version}; charset=utf-8`;
}

function matches(clause: MediaType, offer: ExpositionFormat): boolean {
  if (offer === "protobuf") { // only for those who ask for it by its name
    return clause.type === PROTOBUF && clause.params.get("proto") === METRIC_FAMILY &&
      clause.params.get("encoding") === "delimited";
  }
  const { type, version } = OFFERS[offer];
  if (clause.type === "*/*") return true;
  if (clause.type !== type && clause.type !== type.replace(/\/.*/, "/*")) return false;
  const implied = type === "text/plain" ? "0.0.4" : "0.0.1";
  return (clause.params.get("version") ?? implied) === version;
}

/** Clauses of an Accept header, most wanted first; those with q=0 or that cannot be read are left out. */
function acceptClauses(header: string): MediaType[] {
  return header.split(",")
    .map(parseMediaType)
    .filter((clause) => clause !== undefined)
    .map((clause) => ({ clause, q: Number(clause.params.get("q") ?? 1) }))
    .filter(({ q }) => q > 0)
    .sort((a, b) => b.q - a.q)
    .map(({ clause }) => clause);
}

const TYPE = /^\s*([\w!#$%&'*+.^`|~-]+(?:\/[\w!#$%&'*+.^`|~-]+)?)\s*(?=;|$)/;
const PARAM = /^;\s*(?:([\w!#$%&'*+.^`|~-]+)=(?:([\w!#$%&'*+.^`|~-]+)|"((?:\\.|[^"\\])*)")\s*)?(?=;|$)/;

/** A media type with its parameters, names in lower case; undefined if it is malformed. */
function parseMediaType(text: string): MediaType | undefined {
  const head = TYPE.exec(text);
  if (head === null) return undefined;
  const params = new Map<string, string>();
  let rest = text.slice(head[0].length);
  while (rest !== "") {
    const param = PARAM.exec(rest);
    if (param === null) return undefined;
    const [whole, name, token, quoted] = param;
    if (name !== undefined) params.set(name.toLowerCase(), token ?? quoted.replace(/\\(.)/g, "$1"));
    rest = rest.slice(whole.length);
  }
  return { type: head[1].toLowerCase(), params };
}
