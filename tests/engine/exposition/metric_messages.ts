/** Encodes `io.prometheus.client` messages for tests: fields by number, in the order given. */

export type Field =
  | { readonly field: number; readonly double: number }
  | { readonly field: number; readonly varint: number | bigint }
  | { readonly field: number; readonly zigzag: number }
  | { readonly field: number; readonly text: string }
  | { readonly field: number; readonly message: readonly Field[] }
  | { readonly field: number; readonly packedDoubles: readonly number[] }
  | { readonly field: number; readonly packedZigzags: readonly number[] };

const utf8 = new TextEncoder();

export function message(fields: readonly Field[]): number[] {
  return fields.flatMap((f) => {
    if ("double" in f) return [...varint(f.field * 8 + 1), ...double(f.double)];
    if ("varint" in f) return [...varint(f.field * 8), ...varint(f.varint)];
    if ("zigzag" in f) return [...varint(f.field * 8), ...zigzag(f.zigzag)];
    const content = "text" in f
      ? [...utf8.encode(f.text)]
      : "message" in f
      ? message(f.message)
      : "packedDoubles" in f
      ? f.packedDoubles.flatMap(double)
      : f.packedZigzags.flatMap(zigzag);
    return [...varint(f.field * 8 + 2), ...varint(content.length), ...content];
  });
}

export const TYPE = { counter: 0, gauge: 1, summary: 2, untyped: 3, histogram: 4, gaugeHistogram: 5 };

/** A MetricFamily after its length. */
export function family(
  name: string,
  type: number,
  metrics: readonly (readonly Field[])[],
  unit = "",
): number[] {
  const bytes = message([
    { field: 1, text: name },
    { field: 2, text: `Help of ${name}` },
    { field: 3, varint: type },
    ...metrics.map((message) => ({ field: 4, message })),
    ...(unit === "" ? [] : [{ field: 5, text: unit }]),
  ]);
  return [...varint(bytes.length), ...bytes];
}

export function label(name: string, value: string): Field {
  return { field: 1, message: [{ field: 1, text: name }, { field: 2, text: value }] };
}

/** A google.protobuf.Timestamp. */
export function timestamp(field: number, ms: number): Field {
  const seconds = Math.floor(ms / 1000);
  return {
    field,
    message: [{ field: 1, varint: seconds }, { field: 2, varint: (ms - seconds * 1000) * 1e6 }],
  };
}

export function varint(value: number | bigint): number[] {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
  return [...out, Number(rest)];
}

function zigzag(value: number): number[] {
  const n = BigInt(value);
  return varint(n < 0n ? -2n * n - 1n : 2n * n);
}

function double(value: number): number[] {
  return [...new Uint8Array(Float64Array.of(value).buffer)];
}
