import type { BodyParser, ParserOptions, ScrapeFormat, SeriesResolver } from "./scrape_row.ts";
import { ProtobufParser } from "./protobuf_parser.ts";
import { TextParser } from "./text_parser.ts";

/** A parser of the bodies of one target in one format; see `parserFormat` for the choice of the format. */
export function createParser(
  format: ScrapeFormat,
  resolver: SeriesResolver,
  options: ParserOptions,
): BodyParser {
  return format === "protobuf"
    ? new ProtobufParser(resolver, options)
    : new TextParser(format, resolver, options);
}
