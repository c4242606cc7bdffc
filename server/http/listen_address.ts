/** Where a server listens. */
export interface ListenAddress {
  /** A name or an IP address, the latter without brackets; "" is every address of this host. */
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `host:port`, `:port` or `[IPv6]:port`.
 * @throws {RangeError} If `text` is none of these.
 */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new RangeError(
      `Cannot listen on ${
        JSON.stringify(text)
      }: expected host:port, :port or [IPv6]:port with a port up to 65535`,
    );
  }
  return { host: match[1] ?? match[2], port };
}

/** The form that `parseListenAddress` reads. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
