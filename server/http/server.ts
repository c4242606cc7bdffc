import type { Hono } from "hono";
import type { Flags } from "../config/flags.ts";
import { parseWebConfig, type WebConfig } from "../config/web_config.ts";
import type { WebOptions } from "./deps.ts";
import { formatListenAddress, parseListenAddress } from "./listen_address.ts";
import { secure, type VerifyPassword } from "./web_security.ts";

/** A server that answers requests. */
export interface Listening {
  /** Where it listens, with the ports that were chosen for port 0. */
  readonly addresses: readonly string[];
  /**
   * Takes no more requests and waits for those under way. Those without an answer after `graceMs` get 503, and a
   * client that is slow to read its answer is not waited for any longer either.
   */
  shutdown(graceMs?: number): Promise<void>;
}

const GRACE_MS = 10_000;
/** Time for the last answers to be sent, in ms. */
const FLUSH_MS = 1000;

/**
 * Serves the app at every listen address.
 * @param verifyPassword What checks passwords of users in the web config file, if it names any.
 * @throws {Error} If an address cannot be listened on, or the web config file cannot be used.
 */
export async function listen(
  app: Pick<Hono, "fetch">,
  { listenAddresses }: Pick<WebOptions, "listenAddresses">,
  { webConfigFile }: Pick<Flags, "webConfigFile">,
  verifyPassword?: VerifyPassword,
): Promise<Listening> {
  const config = parseWebConfig(
    webConfigFile,
    webConfigFile === "" ? "" : await Deno.readTextFile(webConfigFile),
  );
  const requests = new RequestsUnderWay(secure((request) => app.fetch(request), config, verifyPassword));
  const tls = await tlsOf(config);
  const servers: Deno.HttpServer<Deno.NetAddr>[] = [];
  try {
    for (const address of listenAddresses) {
      servers.push(serveOne(address, (request) => requests.answer(request), tls));
    }
  } catch (error) {
    await Promise.all(servers.map((server) => server.shutdown()));
    throw error;
  }
  return {
    addresses: servers.map(({ addr: { hostname, port } }) => formatListenAddress({ host: hostname, port })),
    async shutdown(graceMs = GRACE_MS) {
      const late = Promise.withResolvers<void>();
      const timers = [
        setTimeout(() => requests.refuseAll(), graceMs),
        setTimeout(late.resolve, graceMs + FLUSH_MS),
      ];
      await Promise.race([late.promise, Promise.all(servers.map((server) => server.shutdown()))]);
      timers.forEach(clearTimeout);
    },
  };
}

type Handler = (request: Request) => Response | Promise<Response>;

/** Requests that wait for their answer: Deno cannot close a connection once a server is shutting down. */
class RequestsUnderWay {
  readonly #handler: Handler;
  readonly #refusals = new Set<() => void>();

  constructor(handler: Handler) {
    this.#handler = handler;
  }

  async answer(request: Request): Promise<Response> {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const refuse = () => resolve(new Response("Service Unavailable", { status: 503 }));
    this.#refusals.add(refuse);
    try {
      Promise.resolve(this.#handler(request)).then(resolve, reject);
      return await promise;
    } finally {
      this.#refusals.delete(refuse);
    }
  }

  refuseAll(): void {
    for (const refuse of this.#refusals) refuse();
  }
}

interface Tls {
  readonly cert: string;
  readonly key: string;
}

function serveOne(
  address: string,
  handler: Handler,
  tls: Tls | undefined,
): Deno.HttpServer<Deno.NetAddr> {
  const { host, port } = parseListenAddress(address);
  const options = { hostname: host === "" ? "0.0.0.0" : host, port, onListen: () => {} };
  try {
    return tls === undefined ? Deno.serve(options, handler) : Deno.serve({ ...options, ...tls }, handler);
  } catch (cause) {
    throw new Error(`Cannot listen on ${address}: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof Deno.errors.AddrInUse) {
    return "the address is in use: end what listens there, or choose another one with --web.listen-address";
  }
  if (cause instanceof Deno.errors.AddrNotAvailable) {
    return "this host does not have the address: choose one of its own with --web.listen-address";
  }
  return cause instanceof Error ? cause.message : String(cause);
}

/** @throws {RangeError} If the file asks for what the server cannot do, where to go on would be less safe. */
async function tlsOf({ tlsServerConfig: tls }: WebConfig): Promise<Tls | undefined> {
  if (tls === undefined) return undefined;
  if (tls.clientAuthType !== "" && tls.clientAuthType !== "NoClientCert") {
    throw new RangeError(
      `Cannot use client_auth_type ${tls.clientAuthType}: this server does not check client certificates: ` +
        "let a proxy in front of it do so",
    );
  }
  if (tls.minVersion === "TLS13" || tls.maxVersion < "TLS12") {
    throw new RangeError(
      `Cannot use TLS versions ${tls.minVersion} to ${tls.maxVersion}: this server offers TLS12 and TLS13`,
    );
  }
  return {
    cert: tls.cert === "" ? await Deno.readTextFile(tls.certFile) : tls.cert,
    key: tls.key.isEmpty ? await Deno.readTextFile(tls.keyFile) : tls.key.reveal(),
  };
}
