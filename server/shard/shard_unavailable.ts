/** A shard that cannot answer now, but will again: its worker stopped and is being started anew. */
export class ShardUnavailableError extends Error {
  override readonly name = "ShardUnavailableError";
  constructor(shard: number, reason: string) {
    super(`Shard ${shard} stopped and is being started anew: ask again in a moment (it said: ${reason})`);
  }
}

/** The ShardUnavailableError that is behind `error`, if one is. */
export function shardUnavailableBehind(error: unknown): ShardUnavailableError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof ShardUnavailableError) return at;
  }
  return undefined;
}
