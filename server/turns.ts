const waiting: (() => void)[] = [];

/**
 * Resolves when it is the caller's turn, to be waited for by work that takes long. There is one turn at a time, in the
 * order in which they were asked for, and input and timers are looked at between any two: were each to wait for a timer
 * of its own, all of this thread's work would go on before the next look at input.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) setTimeout(giveTurn, 0);
  });
}

function giveTurn(): void {
  const resolve = waiting.shift();
  if (waiting.length > 0) setTimeout(giveTurn, 0);
  resolve?.();
}
