import { BitWriter, peekBits, wordAt } from "./bits.ts";
import { ByteSource, corrupt, truncated } from "./byte_source.ts";
import type { ByteSink } from "./byte_sink.ts";

/**
 * A column of integers as residuals of a simple predictor, in an exponential Golomb code.
 *
 * ```text
 *  ┌──────────────────────────────┬───────────────┬───────┬───────┬────────────────┬───────────
 *  │ k 5 bits│form 2│ signed 1    │ shift 6│wide 1│ first │ bias  │ sparse: n, run k │ bits …
 *  └──────────────────────────────┴───────────────┴───────┴───────┴────────────────┴───────────
 *     u[i] = (m[i] - m[0]) / 2^shift                 residuals, i = 1 … count - 1
 *     form 0 level   r[i] = u[i] - bias              noise around a level
 *     form 1 delta   r[i] = u[i] - u[i-1] - bias     counters and drifting gauges
 *     form 2 sparse  as delta, mostly 0: n pairs (number of zeros before, r - 1), both Golomb-coded
 * ```
 * Signed residuals are folded: 0, -1, 1, -2, 2 … become 0, 1, 2, 3, 4 …. `wide`: one more byte w; the low w bits
 * of each folded residual follow its Golomb code as they are.
 */
const LEVEL = 0, DELTA = 1, SPARSE = 2;

/** Largest magnitude of an integer. */
const MAGNITUDE_MAX = 2 ** 53;
/** Largest distance of two integers in a column: keeps every residual exact. */
const INTEGER_RANGE_MAX = 2 ** 50;
/** Bits of a folded residual that the Golomb code carries. */
const GOLOMB_BITS = 30;
const HAS_WIDE = 0x40;

// Reused between calls: encoding is synchronous and never re-entered.
const writer = new BitWriter();
const source = new ByteSource(new Uint8Array(0));
let units = new Float64Array(512); // u
let unitHeads = new Int32Array(512); // u without the bits that a Golomb code could not carry
let folded = new Float64Array(512);
let heads = new Int32Array(512); // folded residuals without their wide bits
let runs = new Int32Array(512);

function reserveScratch(count: number): void {
  if (units.length >= count) return;
  units = new Float64Array(2 * count);
  unitHeads = new Int32Array(2 * count);
  folded = new Float64Array(2 * count);
  heads = new Int32Array(2 * count);
  runs = new Int32Array(2 * count);
}

/** How a column is predicted. */
interface Predictor {
  readonly form: typeof LEVEL | typeof DELTA | typeof SPARSE;
  readonly signed: 0 | 1;
  readonly bias: number;
}

/**
 * Appends `integers[0, count)`.
 * @throws {RangeError} If they are not integers of at most ±2^53, or two of them are more than 2^50 apart.
 */
export function encodeIntegers(integers: Float64Array, count: number, out: ByteSink): void {
  if (count === 0) return;
  reserveScratch(count);
  const first = integers[0];

  // Distances from the first integer; the low bits that all of them lack are shifted out.
  const u = units;
  let lowBits = 0, least = 0, most = 0, valid = Math.abs(first) <= MAGNITUDE_MAX;
  for (let i = 0; i < count; i++) {
    const m = integers[i], distance = m - first;
    valid = valid && m === Math.floor(m);
    u[i] = distance;
    lowBits |= distance;
    if (distance < least) least = distance;
    if (distance > most) most = distance;
  }
  if (!valid || !(most - least <= INTEGER_RANGE_MAX)) throw rangeError(integers, count);
  const shift = lowBits === 0 ? 0 : 31 - Math.clz32(lowBits & -lowBits);
  const scale = 2 ** -shift, range = (most - least) * scale;
  if (shift > 0) { for (let i = 1; i < count; i++) u[i] *= scale; }

  // A folded residual is at most 4 times the range.
  const narrow = range < 2 ** (GOLOMB_BITS - 2);
  const toHead = narrow ? 1 : 2 ** (GOLOMB_BITS - 2 - bitLength(range));
  if (narrow) { for (let i = 0; i < count; i++) unitHeads[i] = u[i]; }
  else for (let i = 0; i < count; i++) unitHeads[i] = Math.floor(u[i] * toHead);

  const { form, signed, bias } = choosePredictor(count, toHead);
  const residuals = form === SPARSE
    ? foldSparse(count, signed, bias)
    : narrow
    ? foldNarrow(count, form, signed, bias)
    : foldWide(count, form, signed, bias);
  const wide = narrow && form !== SPARSE ? 0 : splitWide(residuals);

  const k = golombOrder(heads, residuals);
  out.reserve(64 + 24 * count);
  out.byte(k | form << 5 | signed << 7);
  out.byte(shift | (wide > 0 ? HAS_WIDE : 0));
  if (wide > 0) out.byte(wide);
  out.signedVarint(first);
  out.signedVarint(bias);
  let runK = 0;
  if (form === SPARSE) {
    out.varint(residuals);
    if (residuals === 0) return;
    runK = golombOrder(runs, residuals);
    out.byte(runK);
  }
  const wideScale = 2 ** wide;
  writer.begin(out);
  for (let i = 0; i < residuals; i++) {
    if (form === SPARSE) writer.writeGolomb(runs[i], runK);
    writer.writeGolomb(heads[i], k);
    if (wide > 0) writer.write(folded[i] - heads[i] * wideScale, wide);
  }
  writer.end(out);
}

/** Estimates the size of each form from the bit lengths of its residuals and picks the smallest. */
function choosePredictor(count: number, toHead: number): Predictor {
  const steps = count - 1;
  if (steps === 0) return { form: LEVEL, signed: 0, bias: 0 };
  const u = units, head = unitHeads;
  const usual = usualDelta(count);
  let minLevel = u[1], minDelta = u[1], sumLevel = 0, previous = 0, zeros = 0;
  for (let i = 1; i < count; i++) {
    const level = u[i], delta = level - previous;
    previous = level;
    sumLevel += level;
    if (level < minLevel) minLevel = level;
    if (delta < minDelta) minDelta = delta;
    if (delta === usual) zeros++;
  }
  const below = minDelta < usual ? 1 : 0;
  if (4 * zeros >= 3 * steps) return { form: SPARSE, signed: below, bias: usual }; // no dense form comes near
  const meanLevel = Math.round(sumLevel / steps), meanDelta = Math.round(previous / steps);

  // From here on heads will do: an estimate needs no low bits. Rounding must not push a distance below 0.
  // `| 0` tells the compiler that these are 32-bit integers, and so are the differences below.
  const minLevelHead = Math.floor(minLevel * toHead) | 0, meanLevelHead = Math.floor(meanLevel * toHead) | 0;
  const minDeltaHead = Math.floor(minDelta * toHead) - (toHead === 1 ? 0 : 1) | 0;
  const meanDeltaHead = Math.floor(meanDelta * toHead) | 0, usualHead = Math.floor(usual * toHead) | 0;
  let level0 = 0, level1 = 0, delta0 = 0, delta1 = 0, sparse = 0; // sums of leading zero bits
  for (let i = 1, last = 0; i < count; i++) {
    const level = head[i], delta = level - last | 0;
    last = level;
    level0 += Math.clz32(level - minLevelHead);
    level1 += Math.clz32(Math.abs(level - meanLevelHead) << 1);
    delta0 += Math.clz32(delta - minDeltaHead);
    delta1 += Math.clz32(Math.abs(delta - meanDeltaHead) << 1);
    sparse += Math.clz32(Math.abs(delta - usualHead));
  }
  // A Golomb code costs about 1.5 bits over the length of its value; a sparse pair also its run.
  const others = steps - zeros, lowBits = -Math.log2(toHead);
  const denseBits = (33.5 + lowBits) * steps - Math.max(level0, level1, delta0, delta1);
  const sparseBits = 32 * steps - sparse + others * (lowBits + below + 4 + Math.log2(steps / (others + 1)));
  if (sparseBits < denseBits) return { form: SPARSE, signed: below, bias: usual };
  const most = Math.max(level0, level1, delta0, delta1);
  if (delta0 === most) return { form: DELTA, signed: 0, bias: minDelta };
  if (delta1 === most) return { form: DELTA, signed: 1, bias: meanDelta };
  if (level0 === most) return { form: LEVEL, signed: 0, bias: minLevel };
  return { form: LEVEL, signed: 1, bias: meanLevel };
}

/** Gathers the residuals that are not 0 in `folded` and the runs of zeros before them in `runs`. */
function foldSparse(count: number, signed: 0 | 1, bias: number): number {
  const u = units;
  let to = 0, run = 0;
  for (let i = 1; i < count; i++) {
    const r = u[i] - u[i - 1] - bias;
    if (r === 0) {
      run++;
      continue;
    }
    folded[to] = (signed === 0 ? r : r < 0 ? -2 * r - 1 : 2 * r) - 1;
    runs[to++] = run;
    run = 0;
  }
  return to;
}

/** Folds all residuals straight to `heads`, where the range leaves no wide bits. */
function foldNarrow(count: number, form: number, signed: 0 | 1, bias: number): number {
  const u = unitHeads, head = heads;
  const keep = form === DELTA ? -1 : 0, offset = bias | 0;
  for (let i = 1; i < count; i++) {
    const r = u[i] - (u[i - 1] & keep) - offset | 0;
    head[i - 1] = signed === 0 ? r : r << 1 ^ r >> 31;
  }
  return count - 1;
}

function foldWide(count: number, form: number, signed: 0 | 1, bias: number): number {
  const u = units;
  for (let i = 1; i < count; i++) {
    const r = u[i] - (form === DELTA ? u[i - 1] : 0) - bias;
    folded[i - 1] = signed === 0 ? r : r < 0 ? -2 * r - 1 : 2 * r;
  }
  return count - 1;
}

/** Sets `heads` from `folded`. @returns How many low bits they lack. */
function splitWide(residuals: number): number {
  let most = 0;
  for (let i = 0; i < residuals; i++) if (folded[i] > most) most = folded[i];
  const wide = Math.max(0, bitLength(most) - GOLOMB_BITS);
  const toHead = 2 ** -wide;
  for (let i = 0; i < residuals; i++) heads[i] = folded[i] * toHead;
  return wide;
}

/**
 * Reads `count` integers to `out` from `outStart`.
 * @returns The offset behind the column.
 * @throws {RangeError} If the bytes are cut short or damaged.
 */
export function decodeIntegers(
  bytes: Uint8Array,
  offset: number,
  count: number,
  out: Float64Array,
  outStart: number,
): number {
  if (count === 0) return offset;
  source.reset(bytes, offset);
  const flags = source.byte(), widths = source.byte();
  const k = flags & 31, form = flags >> 5 & 3, signed = flags >> 7;
  const shift = widths & 31;
  const wide = widths & HAS_WIDE ? source.byte() : 0;
  if (k > GOLOMB_BITS || form > SPARSE || wide > 24 || (widths & 0xa0) !== 0) {
    throw corrupt(source.at, `integer header ${flags}, ${widths}, ${wide}`);
  }
  const first = source.signedVarint(), bias = source.signedVarint();
  const unit = 2 ** shift, end = outStart + count;
  out[outStart] = first;
  if (form === SPARSE) return decodeSparse(end, outStart, first, bias, unit, k, wide, signed, out);

  const base = source.at, least = 1 << k, isDelta = form === DELTA;
  const wideScale = 2 ** wide, longest = wide > 0 ? 0 : 32; // bits of a code that is read from `window` alone
  // The stream's next 64 - `used` bits are the low ones of `high`, then `low`; `next` is the byte behind them.
  let high = wordAt(bytes, base), low = wordAt(bytes, base + 4), next = base + 8, used = 0;
  for (let i = outStart + 1, value = first; i < end; i++) {
    // Inlined because a function cannot return both the value and what follows it.
    const window = high << used | low >>> 1 >>> ~used;
    const code = 2 * Math.clz32(window) + k + 1;
    let r: number;
    if (code <= longest) {
      const z = (window >>> (32 - code)) - least | 0;
      r = signed === 0 ? z : (z >>> 1) ^ -(z & 1);
      used += code;
    } else {
      const z = residualAt(bytes, base, 8 * (next - base - 8) + used, k, wide, wideScale);
      r = signed === 0 ? z : unfolded(z);
      next = base + 8 + 4 * (codeEnd >>> 5);
      high = wordAt(bytes, next - 8);
      low = wordAt(bytes, next - 4);
      used = codeEnd & 31;
    }
    if (used >= 32) {
      high = low;
      low = wordAt(bytes, next);
      next += 4;
      used -= 32;
    }
    value = (isDelta ? value : first) + (bias + r) * unit;
    out[i] = value;
  }
  return endOffset(bytes, base, 8 * (next - base - 8) + used);
}

function decodeSparse(
  end: number,
  outStart: number,
  first: number,
  bias: number,
  unit: number,
  k: number,
  wide: number,
  signed: number,
  out: Float64Array,
): number {
  const bytes = source.bytes;
  const residuals = source.varint();
  const runK = residuals === 0 ? 0 : source.byte();
  if (residuals >= end - outStart || runK > GOLOMB_BITS) {
    throw corrupt(source.at, `${residuals} changes with run order ${runK}`);
  }
  const base = source.at, step = bias * unit;
  if (residuals === 0) {
    for (let i = outStart + 1; i < end; i++) out[i] = first + (i - outStart) * step;
    return base;
  }
  // Steps first, then their sums: no loop whose length the processor cannot guess.
  out.fill(step, outStart + 1, end);
  const runLeast = 1 << runK, least = 1 << k, wideScale = 2 ** wide, longest = wide > 0 ? 0 : 32;
  let high = wordAt(bytes, base), low = wordAt(bytes, base + 4), next = base + 8, used = 0; // as above
  for (let pair = 0, i = outStart; pair < residuals; pair++) {
    const window = high << used | low >>> 1 >>> ~used;
    const runCode = 2 * Math.clz32(window) + runK + 1;
    const behind = window << runCode;
    const code = 2 * Math.clz32(behind) + k + 1;
    let run: number, r: number;
    if (runCode + code <= longest) {
      run = (window >>> (32 - runCode)) - runLeast | 0;
      const z = (behind >>> (32 - code)) - least + 1 | 0;
      r = signed === 0 ? z : (z >>> 1) ^ -(z & 1);
      used += runCode + code;
    } else {
      run = golombAt(bytes, base, 8 * (next - base - 8) + used, runK, "run");
      const z = residualAt(bytes, base, codeEnd, k, wide, wideScale) + 1;
      r = signed === 0 ? z : unfolded(z);
      next = base + 8 + 4 * (codeEnd >>> 5);
      high = wordAt(bytes, next - 8);
      low = wordAt(bytes, next - 4);
      used = codeEnd & 31;
    }
    if (used >= 32) {
      high = low;
      low = wordAt(bytes, next);
      next += 4;
      used -= 32;
    }
    i += run + 1;
    if (i >= end) {
      throw corrupt(next - 8 + (used >>> 3), `a run of ${run} with ${end - i + run} values left`);
    }
    out[i] = step + r * unit;
  }
  sumUp(out, outStart + 1, end, first);
  return endOffset(bytes, base, 8 * (next - base - 8) + used);
}

/** Makes each of `steps[start, end)` the sum of `from` and the steps up to it. */
function sumUp(steps: Float64Array, start: number, end: number, from: number): void {
  let i = start, value = from;
  // Four at a time, because an addition has to wait for the one before it.
  for (const last = end - 3; i < last; i += 4) {
    const a = steps[i], ab = a + steps[i + 1], c = steps[i + 2], cd = c + steps[i + 3];
    steps[i] = value + a;
    steps[i + 1] = value + ab;
    steps[i + 2] = value + (ab + c);
    steps[i + 3] = value += ab + cd;
  }
  for (; i < end; i++) steps[i] = value += steps[i];
}

/** Where the code ends that was read last by the functions below, in bits behind `base`. */
let codeEnd = 0;

/** Reads a residual of any length at bit `bit` behind byte `base`; `wideScale` is 2^wide. */
function residualAt(
  bytes: Uint8Array,
  base: number,
  bit: number,
  k: number,
  wide: number,
  wideScale: number,
): number {
  const head = golombAt(bytes, base, bit, k, "residual");
  if (wide === 0) return head;
  const tail = peekBits(bytes, base, codeEnd) >>> (32 - wide);
  codeEnd += wide;
  return head * wideScale + tail;
}

function golombAt(bytes: Uint8Array, base: number, bit: number, k: number, what: string): number {
  const zeros = Math.clz32(peekBits(bytes, base, bit)), size = zeros + k + 1;
  if (size > 31) throw corrupt(base + (bit >>> 3), `a ${what} of more than 30 bits`);
  codeEnd = bit + zeros + size;
  return (peekBits(bytes, base, bit + zeros) >>> (32 - size)) - (1 << k);
}

function unfolded(z: number): number {
  const half = Math.floor(z / 2);
  return 2 * half === z ? half : -half - 1;
}

function endOffset(bytes: Uint8Array, base: number, bit: number): number {
  const end = base + (bit + 7 >>> 3);
  if (end > bytes.length) throw truncated(bytes.length, end);
  return end;
}

/** The delta that most steps of `units[0, count)` take, if one is that common; otherwise any. */
function usualDelta(count: number): number {
  const u = units;
  const quarter = count >> 2;
  const a = u[quarter + 1] - u[quarter];
  const b = u[2 * quarter + 1] - u[2 * quarter];
  const c = u[count - 1] - u[count - 2];
  return b === c ? b : a;
}

/** Bits that the integer `x`, 0 to 2^53, needs. */
function bitLength(x: number): number {
  return x >= 2 ** 32 ? 64 - Math.clz32(x / 2 ** 32) : 32 - Math.clz32(x);
}

/** The order of the exponential Golomb code that is shortest for `values[0, count)`. */
function golombOrder(values: Int32Array, count: number): number {
  if (count === 0) return 0;
  let leading = 0;
  for (let i = 0; i < count; i++) leading += Math.clz32(values[i]);
  let k = Math.min(GOLOMB_BITS - 1, Math.max(0, 31 - Math.round(leading / count)));
  let cost = golombBits(values, count, k);
  const up = golombBits(values, count, k + 1);
  const step = up < cost ? 1 : -1;
  if (step === 1) k++, cost = up;
  while (k + step >= 0 && k + step <= GOLOMB_BITS) {
    const next = golombBits(values, count, k + step);
    if (next >= cost) break;
    cost = next;
    k += step;
  }
  return k;
}

function golombBits(values: Int32Array, count: number, k: number): number {
  const add = 1 << k;
  let leading = 0;
  for (let i = 0; i < count; i++) leading += Math.clz32(values[i] + add);
  return (63 - k) * count - 2 * leading;
}

function rangeError(integers: Float64Array, count: number): RangeError {
  let least = Infinity, most = -Infinity;
  for (let i = 0; i < count; i++) {
    const m = integers[i];
    if (m !== Math.floor(m)) return new RangeError(`Cannot encode ${m}: expected an integer`);
    least = Math.min(least, m);
    most = Math.max(most, m);
  }
  return new RangeError(
    `Cannot encode integers from ${least} to ${most}: expected at most ±2^53 and 2^50 apart`,
  );
}
