/** Times that the kill tests kill; `FAULT_ROUNDS=100` for a thorough run. */
export const KILL_ROUNDS = Number(Deno.env.get("FAULT_ROUNDS") ?? 20);

export function randomMs(leastMs: number, mostMs: number): number {
  return leastMs + Math.random() * (mostMs - leastMs);
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
