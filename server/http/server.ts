import type { Logger } from "@logtape/logtape";
import type { Hono } from "hono";
import type { Flags } from "../config/flags.ts";
import { readNamedFile } from "../config/unreadable_file_error.ts";
import type { WebConfig } from "../config/web_config.ts";
import { watchFiles } from "../file_watch.ts";
import type { WebOptions } from "./deps.ts";
import { formatListenAddress, parseListenAddress } from "./listen_address.ts";
import { type Handler, RequestsUnderWay } from "./requests_under_way.ts";
import { type ServerTls, serverTls, tlsFiles } from "./server_tls.ts";
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

export interface ListenOptions {
  /** Checks passwords of users in the web config file; needed if it names any. */
  readonly verifyPassword?: VerifyPassword;
  readonly log?: Pick<Logger, "info" | "error">;
  /** Time between looks at the web config file and the certificates, in ms. */
  readonly checkEveryMs?: number;
}

/**
 * Serves the app at every listen address. The web config file, its certificate and key may change meanwhile: they
 * are put to use as soon as that is seen, unless there is something wrong with them.
 * @throws {Error} If an address cannot be listened on, or the web config file cannot be used.
 */
export async function listen(
  app: Pick<Hono, "fetch">,
  { listenAddresses }: Pick<WebOptions, "listenAddresses">,
  { webConfigFile, webMaxConnections = 0 }:
    & Pick<Flags, "webConfigFile">
    & Partial<Pick<Flags, "webMaxConnections">>,
  { verifyPassword, log, checkEveryMs = 1000 }: ListenOptions = {},
): Promise<Listening> {
  const handlerFor = (config: WebConfig) =>
    secure((request, client) => app.fetch(request, client), config, verifyPassword);
  let config = await readWebConfig(webConfigFile);
  let tls = await serverTls(config);
  const requests = new RequestsUnderWay(handlerFor(config), webMaxConnections);
  const answer: Handler = (request, client) => requests.answer(request, client);
  const listeners: Listener[] = [];
  try {
    for (const address of listenAddresses) listeners.push(new Listener(address, answer, tls));
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.shutdown()));
    throw error;
  }

  const reload = async () => {
    try {
      const nextConfig = await readWebConfig(webConfigFile);
      const nextTls = await serverTls(nextConfig);
      requests.handler = handlerFor(nextConfig);
      if (JSON.stringify(nextTls) !== JSON.stringify(tls)) {
        await Promise.all(listeners.map((listener) => listener.listenAgain(nextTls)));
      }
      config = nextConfig;
      tls = nextTls;
      log?.info("Completed loading of the web config file", { file: webConfigFile });
    } catch (error) {
      log?.error("Cannot use the changed web config file: what was in force stays so", {
        file: webConfigFile,
        err: error instanceof Error ? error.message : String(error),
      });
    }
  };
  let reloading = Promise.resolve();
  const watch = webConfigFile === ""
    ? undefined
    : watchFiles(() => [webConfigFile, ...tlsFiles(config)], checkEveryMs, () => {
      reloading = reloading.then(reload);
    });

  return {
    addresses: listeners.map(({ address }) => address),
    async shutdown(graceMs = GRACE_MS) {
      watch?.stop();
      await reloading;
      const late = Promise.withResolvers<void>();
      const timers = [
        setTimeout(() => requests.refuseAll(), graceMs),
        setTimeout(late.resolve, graceMs + FLUSH_MS),
      ];
      await Promise.race([late.promise, Promise.all(listeners.map((listener) => listener.shutdown()))]);
      timers.forEach(clearTimeout);
    },
  };
}

/** What holds where there is no web config file: open to everyone, without TLS. */
const NO_WEB_CONFIG: WebConfig = {
  tlsServerConfig: undefined,
  httpServerConfig: undefined,
  basicAuthUsers: {},
  rateLimit: undefined,
};

async function readWebConfig(file: string): Promise<WebConfig> {
  if (file === "") return NO_WEB_CONFIG;
  // With it come schemas and the YAML reader, which Deno would read at the start if the specifier were a literal.
  const { parseWebConfig }: typeof import("../config/web_config.ts") = await import(
    new URL("../config/web_config.ts", import.meta.url).href
  );
  return parseWebConfig(file, await readNamedFile(file));
}

/** Tries to listen again at an address, 5 ms apart: the one who listened before has to let go of it. */
const LISTEN_TRIES_MAX = 200;

/** One listen address. */
class Listener {
  readonly #host: string;
  readonly #port: number;
  readonly #handler: Handler;
  #server: Deno.HttpServer<Deno.NetAddr>;
  #tls: ServerTls | undefined;
  /** Servers that still have requests to answer. */
  readonly #ending = new Set<Promise<void>>();

  constructor(address: string, handler: Handler, tls: ServerTls | undefined) {
    const { host, port } = parseListenAddress(address);
    this.#handler = handler;
    this.#tls = tls;
    // As in Go, 0.0.0.0 means every address of the machine; "::" has those of IPv4 too, unless there is no IPv6.
    const hosts = host === "" || host === "0.0.0.0" ? ["::", "0.0.0.0"] : [host];
    const server = this.#serveFirst(address, hosts, port);
    this.#host = server.addr.hostname;
    this.#server = server;
    this.#port = this.#server.addr.port;
  }

  get address(): string {
    return formatListenAddress({ host: this.#server.addr.hostname, port: this.#port });
  }

  /** Connections from now on get the other certificate; requests under way are answered. */
  async listenAgain(tls: ServerTls | undefined): Promise<void> {
    this.#end();
    this.#tls = tls;
    for (let tries = 1;; tries++) {
      try {
        this.#server = this.#serve(this.#host, this.#port);
        return;
      } catch (cause) {
        if (!(cause instanceof Deno.errors.AddrInUse) || tries === LISTEN_TRIES_MAX) {
          throw new Error(`Cannot listen on ${this.address} any more: ${reasonOf(cause)}`, { cause });
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }

  async shutdown(): Promise<void> {
    this.#end();
    await Promise.all(this.#ending);
  }

  #end(): void {
    const ended = this.#server.shutdown().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }

  /** Listens on the first of the hosts that can be listened on. */
  #serveFirst(
    address: string,
    [host, ...others]: readonly string[],
    port: number,
  ): Deno.HttpServer<Deno.NetAddr> {
    try {
      return this.#serve(host, port);
    } catch (cause) {
      if (others.length > 0 && !(cause instanceof Deno.errors.AddrInUse)) {
        return this.#serveFirst(address, others, port);
      }
      throw new Error(`Cannot listen on ${address}: ${reasonOf(cause)}`, { cause });
    }
  }

  #serve(hostname: string, port: number): Deno.HttpServer<Deno.NetAddr> {
    const options = { hostname, port, onListen: () => {}, ...this.#tls };
    return Deno.serve(options, this.#handler);
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
