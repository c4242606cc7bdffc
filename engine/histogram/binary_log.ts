/**
 * Base-2 logarithm and exponential by the fdlibm polynomials that Go uses, so that interpolated quantiles come
 * out with the same last bits. Exact for powers of two.
 */
import { scaleByPowerOf2 } from "./bound.ts";

const LN2_HIGH = 6.93147180369123816490e-01;
const LN2_LOW = 1.90821492927058770002e-10;
const WORDS = new DataView(new ArrayBuffer(8));

/** Logarithm to base 2 of `x >= 0`. */
export function log2(x: number): number {
  if (x === 0) return -Infinity;
  if (!(x < Infinity)) return x;
  const { fraction, exponent } = split(x);
  if (fraction === 0.5) return exponent - 1;
  return ln(fraction) * (1 / Math.LN2) + exponent;
}

/** 2 to the power of `x`. */
export function exp2(x: number): number {
  if (Number.isNaN(x) || x === Infinity) return x;
  if (x >= 1024) return Infinity;
  if (x < -1074) return 0;
  const exponent = Math.trunc(x > 0 ? x + 0.5 : x - 0.5);
  const rest = x - exponent;
  const high = rest * LN2_HIGH;
  const low = -rest * LN2_LOW;
  const r = high - low;
  const t = r * r;
  const c = r -
    t *
      (1.66666666666666657415e-01 +
        t *
          (-2.77777777770155933842e-03 +
            t *
              (6.61375632143793436117e-05 +
                t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
  return scaleByPowerOf2(1 - ((low - (r * c) / (2 - c)) - high), exponent);
}

/** Natural logarithm of a number in [0.5, 1). */
function ln(x: number): number {
  const k = x < Math.SQRT2 / 2 ? -1 : 0;
  const f = (k === -1 ? 2 * x : x) - 1;
  const s = f / (2 + f);
  const s2 = s * s;
  const s4 = s2 * s2;
  const odd = s2 *
    (6.666666666666735130e-01 +
      s4 * (2.857142874366239149e-01 + s4 * (1.818357216161805012e-01 + s4 * 1.479819860511658591e-01)));
  const even = s4 *
    (3.999999999940941908e-01 + s4 * (2.222219843214978396e-01 + s4 * 1.531383769920937332e-01));
  const half = 0.5 * f * f;
  return k * LN2_HIGH - ((half - (s * (half + (odd + even)) + k * LN2_LOW)) - f);
}

/** `x` as a fraction in [0.5, 1) times 2^exponent, for finite x > 0. */
function split(x: number): { fraction: number; exponent: number } {
  const subnormal = x < 2.2250738585072014e-308;
  WORDS.setFloat64(0, subnormal ? x * 2 ** 52 : x);
  const high = WORDS.getUint32(0);
  WORDS.setUint32(0, (high & 0x800fffff) | 0x3fe00000);
  return { fraction: WORDS.getFloat64(0), exponent: (high >>> 20) - 1022 - (subnormal ? 52 : 0) };
}
