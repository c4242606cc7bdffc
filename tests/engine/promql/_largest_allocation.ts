/** The most bytes that one column of floats takes from here on. */
export function largestAllocation(): { bytes: number; stop(): void } {
  const original = globalThis.Float64Array;
  const seen = { bytes: 0, stop: () => void (globalThis.Float64Array = original) };
  globalThis.Float64Array = new Proxy(original, {
    construct(target, args, newTarget) {
      if (typeof args[0] === "number") seen.bytes = Math.max(seen.bytes, 8 * args[0]);
      return Reflect.construct(target, args, newTarget === globalThis.Float64Array ? target : newTarget);
    },
  });
  return seen;
}
