import type { HttpClientConfig } from "../config/http_client_config.ts";
import { Secret } from "../config/secret.ts";

/** `T` with secrets as plain strings: what survives the way to a worker. */
type Plain<T> = T extends Secret ? string
  : T extends readonly (infer Item)[] ? readonly Plain<Item>[]
  : T extends object ? { readonly [Key in keyof T]: Plain<T[Key]> }
  : T;

export type PlainHttpClientConfig = Plain<HttpClientConfig>;

/** A copy with every secret revealed: not to be printed or logged. */
export function revealSecrets<T>(value: T): Plain<T> {
  if (value instanceof Secret) return value.reveal() as Plain<T>;
  if (Array.isArray(value)) return value.map(revealSecrets) as Plain<T>;
  if (typeof value !== "object" || value === null) return value as Plain<T>;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, revealSecrets(entry)]),
  ) as Plain<T>;
}
