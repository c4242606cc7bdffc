/** Milliseconds as seconds, as timestamps of samples are written: with three places where they are not whole. */
export function rawTimestamp(ms: number): unknown {
  if (!Number.isSafeInteger(ms) || ms % 1000 === 0) return ms / 1000;
  const size = Math.abs(ms), fraction = String(size % 1000).padStart(3, "0");
  return rawNumber(`${ms < 0 ? "-" : ""}${Math.floor(size / 1000)}.${fraction}`);
}

/** A number too long for a double, as it stands in JSON. */
export function rawNumber(digits: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(digits);
}
