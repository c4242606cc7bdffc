import type { EscapingScheme } from "../labels/names.ts";
import type { MetricFamily } from "./metric_family.ts";
import type { ExpositionFormat } from "./negotiation.ts";
import { writeProtobuf } from "./protobuf_writer.ts";
import { writeExposition } from "./writer.ts";

const encoder = new TextEncoder();

/**
 * Metric families as the body of a response, in the format and escaping that were negotiated.
 * @throws {TypeError} If a metric lacks the value, histogram or summary that its family's type asks for.
 */
export function encodeExposition(
  families: Iterable<MetricFamily>,
  { format, escaping }: { readonly format: ExpositionFormat; readonly escaping: EscapingScheme },
): Uint8Array<ArrayBuffer> {
  return format === "protobuf"
    ? writeProtobuf(families, escaping)
    : encoder.encode(writeExposition(families, { format, escaping }));
}
