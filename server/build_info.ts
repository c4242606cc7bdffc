import denoJson from "../deno.json" with { type: "json" };
import type { BuildInfo } from "./http/deps.ts";

/** What this program is; `goVersion` stands where clients expect the runtime's version. */
export const BUILD_INFO: BuildInfo = {
  version: denoJson.version,
  revision: "",
  branch: "",
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
