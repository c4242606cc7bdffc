import denoJson from "../deno.json" with { type: "json" };
import type { BuildInfo } from "./http/deps.ts";

/** This program's own version. */
export const NARTHEX_VERSION: string = denoJson.version;

/**
 * What this program is, in upstream's fields. Clients decide by `version` what they may ask for: it is that of the
 * Prometheus whose surface this has. `goVersion` stands where they expect the runtime's version.
 */
export const BUILD_INFO: BuildInfo = {
  version: "3.14.0",
  revision: NARTHEX_VERSION,
  branch: "narthex",
  buildUser: "",
  buildDate: "",
  goVersion: `deno${Deno.version.deno}`,
};

/** Labels of `prometheus_build_info`, which are named otherwise than in the API. */
export const BUILD_LABELS = {
  version: BUILD_INFO.version,
  revision: BUILD_INFO.revision,
  branch: BUILD_INFO.branch,
  goversion: BUILD_INFO.goVersion,
  goos: Deno.build.os,
  goarch: Deno.build.arch === "x86_64" ? "amd64" : "arm64",
  tags: "",
};
