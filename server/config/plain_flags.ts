import { type AnyFlag, type FlagName, FLAGS } from "./flags.ts";

/**
 * The flags of a command line that has nothing but correct flags of the server, as when a server is started; undefined
 * for any other, which needs `runCommandLine`: it takes these too, and takes them as this does.
 */
export function plainFlags(args: readonly string[]): Map<FlagName, unknown> | undefined {
  const given = new Map<FlagName, unknown>();
  for (let i = args[0] === "serve" ? 1 : 0; i < args.length; i++) {
    const [, no, name, value] = /^--(no-)?([^=]+)(?:=(.*))?$/s.exec(args[i]) ?? [];
    if (name === undefined || !Object.hasOwn(FLAGS, name)) return undefined;
    const flag = name as FlagName, kind: AnyFlag = FLAGS[flag];
    if (given.has(flag) && !kind.isRepeatable) return undefined;
    if (kind.read === undefined) {
      if (value !== undefined) return undefined;
      given.set(flag, no === undefined);
      continue;
    }
    const text = value ?? args[++i];
    if (no !== undefined || text === undefined) return undefined;
    try {
      given.set(flag, kind.read(text, given.get(flag)));
    } catch {
      return undefined;
    }
  }
  return given;
}
