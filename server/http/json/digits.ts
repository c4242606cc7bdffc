/** Four times "0". */
export const ZEROS = 0x30303030;

/** The digits of 0 to 9999 with zeros in front, as four bytes to be written little-endian. */
export const GROUPS = Uint32Array.from(
  { length: 10_000 },
  (_, n) => ZEROS + (n / 1000 | 0) + ((n / 100 | 0) % 10 << 8) + ((n / 10 | 0) % 10 << 16) + (n % 10 << 24),
);

/** Writes 0 to 99,999,999 with zeros in front. */
export function writeDigits8(out: DataView, at: number, n: number): void {
  const high = n / 1e4 | 0;
  out.setUint32(at, GROUPS[high], true);
  out.setUint32(at + 4, GROUPS[n - high * 1e4], true);
}
