import { parseFeatures } from "./features.ts";
import { type AnyFlag, type FlagName, FLAGS, flagsOf } from "./flags.ts";
import { missingParts } from "./missing_parts.ts";
import { EXIT, type ServeRequest } from "./requests.ts";

/** A command line that cannot be run. */
export class UsageError extends Error {
  constructor(message: string, readonly exitCode: number) {
    super(message);
  }
}

/**
 * What the server is asked to do by its flags.
 * @param given The values of those that were given.
 * @throws {UsageError} If they do not go together.
 */
export function serveRequest(given: ReadonlyMap<FlagName, unknown>, cores: number): ServeRequest {
  const flags = flagsOf(given, cores);
  const ofMode = (mode: "server" | "agent") =>
    [...given.keys()].filter((name) => (FLAGS[name] as AnyFlag).mode === mode);
  const list = (names: readonly string[]) => `[${names.map((name) => `"--${name}"`).join(" ")}]`;
  const misplaced = ofMode(flags.agent ? "server" : "agent");
  if (misplaced.length > 0) {
    const rule = flags.agent ? "can not be used in agent mode" : "can only be used in agent mode";
    throw new UsageError(`The following flag(s) ${rule}: ${list(misplaced)}`, EXIT.wrongMode);
  }
  if (
    given.has("storage.path") && (given.get("storage.tsdb.path") ?? flags.storagePath) !== flags.storagePath
  ) {
    throw new UsageError(
      "--storage.path and --storage.tsdb.path are one setting: give one of them",
      EXIT.usage,
    );
  }
  if (!(flags.autoGomemlimitRatio > 0 && flags.autoGomemlimitRatio <= 1)) {
    throw new UsageError(
      "--auto-gomemlimit.ratio must be greater than 0 and less than or equal to 1.",
      EXIT.failure,
    );
  }
  const { features, warnings } = featuresOf(flags.enableFeature);
  const changed = [...given].filter(([name, value]) => {
    const kind: AnyFlag = FLAGS[name];
    return kind.show(value) !== kind.show(kind.initial);
  }).map(([name]) => name);
  return { flags, features, warnings: [...warnings, ...missingParts(changed, features)] };
}

/** The features of these values of `--enable-feature`. @throws {UsageError} If one cannot be had. */
export function featuresOf(names: readonly string[]): ReturnType<typeof parseFeatures> {
  try {
    return parseFeatures(names);
  } catch (error) {
    throw new UsageError(`Error parsing feature list: ${(error as Error).message}`, EXIT.failure);
  }
}
