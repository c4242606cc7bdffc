import { readNamedFile } from "../config/unreadable_file_error.ts";
import type { PlainHttpClientConfig } from "./plain_http.ts";

type TlsClientConfig = PlainHttpClientConfig["tlsConfig"];

/** Options of `node:tls`. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
  readonly minVersion: TlsVersion;
  readonly maxVersion?: TlsVersion;
}

type TlsVersion = "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
const VERSIONS: Readonly<Record<string, TlsVersion>> = {
  TLS10: "TLSv1",
  TLS11: "TLSv1.1",
  TLS12: "TLSv1.2",
  TLS13: "TLSv1.3",
};

/** The options as the files are now. Rejects where one cannot be read. */
export async function tlsOptions(config: TlsClientConfig): Promise<TlsOptions> {
  const [ca, cert, key] = await Promise.all([
    pem(config.ca, config.caFile),
    pem(config.cert, config.certFile),
    pem(config.key, config.keyFile),
  ]);
  return {
    ...(ca !== "" && { ca }),
    ...(cert !== "" && { cert }),
    ...(key !== "" && { key }),
    ...(config.serverName !== "" && { servername: config.serverName }),
    ...(config.insecureSkipVerify && { rejectUnauthorized: false }),
    minVersion: VERSIONS[config.minVersion] ?? "TLSv1.2",
    ...(config.maxVersion !== "" && { maxVersion: VERSIONS[config.maxVersion] }),
  };
}

async function pem(text: string, file: string): Promise<string> {
  return file === "" ? text : await readNamedFile(file);
}

export function hasTlsFiles(config: TlsClientConfig): boolean {
  return config.caFile !== "" || config.certFile !== "" || config.keyFile !== "";
}
