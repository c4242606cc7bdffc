/**
 * A function that calls itself on the heap, so that its depth is not bounded by the thread's stack: instead of
 * `f(x)` it says `yield f(x)`, and `recurse` runs what it yields. A caller's `catch` or `finally` is not reached by
 * errors of what it yielded.
 */
export type Recursion<T> = Generator<Recursion<T>, T, T>;

/** The result of `start`, with all that it calls. */
export function recurse<T>(start: Recursion<T>): T {
  const callers: Recursion<T>[] = [];
  let running = start;
  let next = running.next();
  for (;;) {
    if (!next.done) {
      callers.push(running);
      running = next.value;
      next = running.next();
      continue;
    }
    const caller = callers.pop();
    if (caller === undefined) return next.value;
    running = caller;
    next = running.next(next.value);
  }
}
