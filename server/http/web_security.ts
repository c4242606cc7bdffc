import type { WebConfig } from "../config/web_config.ts";
import type { Handler } from "./requests_under_way.ts";

/** Whether a password fits a bcrypt hash. */
export type VerifyPassword = (password: string, hash: string) => Promise<boolean>;

/** A hash that fits no password in use: so that unknown users take as long to refuse as known ones. */
const NOBODY = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";
/** Passwords that were right are remembered, as bcrypt is slow by design. */
const REMEMBERED_MAX = 100;

/**
 * `handler` with the headers that the web config file sets, no faster than its rate limit, and open only to its users
 * where it names any.
 * @param now In ms, for the rate limit.
 * @throws {RangeError} If there are users, but nothing to check their passwords with.
 */
export function secure(
  handler: Handler,
  config: WebConfig,
  verify: VerifyPassword | undefined,
  now: () => number = () => performance.now(),
): Handler {
  const headers = Object.entries(config.httpServerConfig?.headers ?? {}).filter(([, value]) => value !== "");
  const users = new Map(Object.entries(config.basicAuthUsers).map(([user, hash]) => [user, hash.reveal()]));
  if (users.size > 0 && verify === undefined) {
    throw new RangeError("Cannot use basic_auth_users: this server was built without bcrypt");
  }
  const isKnown = users.size === 0 ? undefined : credentialsCheck(users, verify!);
  const { intervalMs = 0, burst = 0 } = config.rateLimit ?? {};
  const mayPass = intervalMs === 0 ? undefined : rateLimit(intervalMs, burst, now);
  return async (request, client) => {
    if (mayPass?.() === false) return new Response("Too Many Requests\n", { status: 429 });
    const isAllowed = isKnown === undefined || await isKnown(request.headers.get("Authorization") ?? "");
    const response = isAllowed ? await handler(request, client) : unauthorized();
    for (const [name, value] of headers) response.headers.set(name, value);
    return response;
  };
}

/** Lets one request pass in each interval, and up to `burst` at once after a pause. */
function rateLimit(intervalMs: number, burst: number, now: () => number): () => boolean {
  let tokens = burst, lastMs = now();
  return () => {
    const nowMs = now();
    tokens = Math.min(burst, tokens + (nowMs - lastMs) / intervalMs);
    lastMs = nowMs;
    if (tokens < 1) return false;
    tokens--;
    return true;
  };
}

function unauthorized(): Response {
  return new Response("Unauthorized\n", {
    status: 401,
    headers: { "WWW-Authenticate": "Basic", "Content-Type": "text/plain; charset=utf-8" },
  });
}

function credentialsCheck(
  users: ReadonlyMap<string, string>,
  verify: VerifyPassword,
): (header: string) => Promise<boolean> {
  const remembered = new Map<string, boolean>();
  return async (header) => {
    const credentials = decodeBasic(header);
    if (credentials === undefined) return false;
    const { user, password } = credentials;
    const hash = users.get(user);
    const key = await digest(JSON.stringify([user, hash ?? "", password]));
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const fits = await verify(password, hash ?? NOBODY) && hash !== undefined;
    if (remembered.size >= REMEMBERED_MAX) remembered.delete(remembered.keys().next().value!);
    remembered.set(key, fits);
    return fits;
  };
}

function decodeBasic(header: string): { user: string; password: string } | undefined {
  const match = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header);
  if (match === null) return undefined;
  try {
    const text = new TextDecoder().decode(Uint8Array.from(atob(match[1]), (char) => char.charCodeAt(0)));
    const colon = text.indexOf(":");
    return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
  } catch {
    return undefined; // not base64
  }
}

async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(bytes).toHex();
}
