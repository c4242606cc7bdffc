import { readNamedFile } from "../config/unreadable_file_error.ts";
import type { WebConfig } from "../config/web_config.ts";

/** What the server shows its clients, in PEM. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
}

/**
 * The certificate and key that the web config names, as their files are now; undefined where there is no TLS.
 * @throws {RangeError} If it asks for what the server cannot do, where to go on would be less safe.
 * @throws {Error} If a file cannot be read, or certificate and key cannot be used.
 */
export async function serverTls({ tlsServerConfig: tls }: WebConfig): Promise<ServerTls | undefined> {
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
  const cert = tls.cert === "" ? await readNamedFile(tls.certFile) : tls.cert;
  const key = tls.key.isEmpty ? await readNamedFile(tls.keyFile) : tls.key.reveal();
  check({ cert, key }, tls.certFile);
  return { cert, key };
}

/** The files that the answer of `serverTls` depends on. */
export function tlsFiles({ tlsServerConfig: tls }: WebConfig): string[] {
  return tls === undefined ? [] : [tls.certFile, tls.keyFile].filter((file) => file !== "");
}

/** Deno looks at a certificate only when it begins to listen. */
function check(tls: ServerTls, file: string): void {
  try {
    Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...tls }).close();
  } catch (cause) {
    const where = file === "" ? "" : ` of ${file}`;
    throw new Error(
      `Cannot use the certificate${where} with its key: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}
