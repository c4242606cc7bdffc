/**
 * Undoes the percent-encoding of a part of a path.
 * @returns Bytes, as they need not be UTF-8.
 * @throws {SyntaxError} If a percent sign has no two hexadecimal digits behind it.
 */
export function decodeSegment(raw: string): Uint8Array {
  const broken = /%(?![0-9a-f]{2}).{0,2}/i.exec(raw);
  if (broken !== null) throw new SyntaxError(`invalid URL escape ${JSON.stringify(broken[0])}`);
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (const [part] of raw.matchAll(/%[0-9a-f]{2}|[^%]+/gi)) {
    if (part.startsWith("%")) bytes.push(parseInt(part.slice(1), 16));
    else bytes.push(...encoder.encode(part));
  }
  return Uint8Array.from(bytes);
}

/** The text that the bytes are in UTF-8, undefined where they are not. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
