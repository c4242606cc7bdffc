/** The commands beside serve. */
export { backup } from "./backup.ts";
export { checkConfig } from "./check_config.ts";
export { checkRules } from "./check_rules.ts";
export { exportSamples } from "./export.ts";
export { importSamples } from "./import.ts";
export { restore } from "./restore.ts";
