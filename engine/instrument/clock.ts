/**
 * The present in milliseconds since the Unix epoch, fractions welcome. Timers measure with it, so it should be
 * monotonic: `() => performance.timeOrigin + performance.now()` is both.
 */
export type Clock = () => number;
