import { crc32, zstdCompressSync, zstdDecompressSync } from "node:zlib";

/**
 * The frame around every value in the store:
 *
 *   ┌─────────┬───────┬─────────────┬─────────┐
 *   │ version │ flags │ crc32       │ payload │   version: 1 byte; flags: 1 byte, bit 0 = payload is zstd;
 *   └─────────┴───────┴─────────────┴─────────┘   crc32: 4 bytes, little-endian, of version, flags and payload as stored
 */
const FRAME_BYTES = 6;
const VERSION = 1;
const COMPRESSED = 1;

/** A value whose bytes are not what was written: torn, flipped, or of another version. */
export class DamagedValueError extends Error {
  override readonly name = "DamagedValueError";
}

/** Whether the error says that stored bytes are not what was written, as decoders do with a RangeError. */
export function isDamage(error: unknown): error is Error {
  return error instanceof DamagedValueError || error instanceof RangeError;
}

/** Frames `payload`; with `compress`, keeps it as zstd where that saves at least an eighth. */
export function frame(payload: Uint8Array, compress = false): Uint8Array {
  if (compress) {
    const squeezed = zstdCompressSync(payload);
    if (squeezed.length < payload.length * 0.875) return framed(squeezed, COMPRESSED);
  }
  return framed(payload, 0);
}

/**
 * The payload of a framed value; a view unless it was compressed.
 * @throws {DamagedValueError}
 */
export function unframe(value: Uint8Array): Uint8Array {
  if (value.length < FRAME_BYTES) {
    throw new DamagedValueError(`Expected a frame, found ${value.length} bytes`);
  }
  if (value[0] !== VERSION) {
    throw new DamagedValueError(`Expected format version ${VERSION}, found ${value[0]}`);
  }
  const stored = new DataView(value.buffer, value.byteOffset).getUint32(2, true);
  const payload = value.subarray(FRAME_BYTES);
  const computed = checksum(value[1], payload);
  if (stored !== computed) throw new DamagedValueError(`Expected checksum ${computed}, found ${stored}`);
  if ((value[1] & COMPRESSED) === 0) return payload;
  try {
    return zstdDecompressSync(payload);
  } catch (cause) {
    throw new DamagedValueError("Cannot decompress the payload", { cause });
  }
}

/** Frames a plain value as JSON. */
export function encodeJson(value: unknown): Uint8Array {
  return frame(new TextEncoder().encode(JSON.stringify(value)));
}

/**
 * The plain value of a framed JSON text, which is taken to have the right shape.
 * @throws {DamagedValueError}
 */
export function decodeJson<T>(value: Uint8Array): T {
  const text = new TextDecoder().decode(unframe(value));
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new DamagedValueError("Expected JSON", { cause });
  }
}

function framed(payload: Uint8Array, flags: number): Uint8Array {
  const value = new Uint8Array(FRAME_BYTES + payload.length);
  value[0] = VERSION;
  value[1] = flags;
  new DataView(value.buffer).setUint32(2, checksum(flags, payload), true);
  value.set(payload, FRAME_BYTES);
  return value;
}

function checksum(flags: number, payload: Uint8Array): number {
  return crc32(payload, VERSION * 256 + flags);
}
