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
