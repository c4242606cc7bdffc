import { join } from "node:path";
import { ConfigError } from "../config/config_error.ts";
import { loadConfig } from "../config/load.ts";
import { type CheckRequest, EXIT } from "../config/requests.ts";
import { fileHost } from "../config/file_host.ts";
import { UnreadableFileError } from "../config/unreadable_file_error.ts";
import { checkRuleFile } from "./check_rules.ts";
import { CommandError, type CommandIo, counted, reasonOf } from "./io.ts";

/** Checks configuration files as the server would read them, and the rule files that they name. */
export async function checkConfig(
  { files, features, warnings: ofFeatures }: CheckRequest,
  io: CommandIo,
): Promise<number> {
  for (const warning of ofFeatures) io.stderr(`WARNING: ${warning}\n`);
  let failed = false;
  for (const file of files) {
    io.stdout(`Checking ${file}\n`);
    let ruleFiles: string[] = [];
    try {
      const { config, warnings } = await loadConfig(file, fileHost);
      for (const warning of warnings) io.stderr(`  WARNING: ${warning}\n`);
      ruleFiles = await findRuleFiles(config.ruleFiles);
      if (ruleFiles.length > 0) io.stdout(`  SUCCESS: ${counted(ruleFiles.length, "rule file")} found\n`);
      io.stdout(` SUCCESS: ${file} is valid prometheus config file syntax\n`);
    } catch (error) {
      if (!isExpected(error)) throw error;
      failed = true;
      const isNamed = error instanceof ConfigError || error instanceof UnreadableFileError;
      io.stderr(`  FAILED: ${isNamed ? error.message : `${file}: ${reasonOf(error)}`}\n`);
    }
    io.stdout("\n");
    for (const ruleFile of ruleFiles) failed = !await checkRuleFile(ruleFile, features, io) || failed;
  }
  return failed ? EXIT.failure : EXIT.ok;
}

/** A pattern may match no file; a plain name must. */
async function findRuleFiles(patterns: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const pattern of patterns) {
    const matches = await fileHost.glob(pattern);
    if (matches.length === 0 && !pattern.includes("*")) {
      throw new CommandError(`${JSON.stringify(join(pattern))} does not point to an existing file`);
    }
    found.push(...matches);
  }
  return [...new Set(found)];
}

function isExpected(error: unknown): boolean {
  return error instanceof ConfigError || error instanceof CommandError ||
    error instanceof UnreadableFileError ||
    (error instanceof Error && "code" in error);
}
