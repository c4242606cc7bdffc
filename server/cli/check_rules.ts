import { ConfigError } from "../config/config_error.ts";
import { parserOptions } from "../config/features.ts";
import { fileHost } from "../config/file_host.ts";
import { type CheckRequest, EXIT } from "../config/requests.ts";
import { duplicateRules, parseRuleFile } from "../config/rule_file.ts";
import { UnreadableFileError } from "../config/unreadable_file_error.ts";
import { type CommandIo, counted, reasonOf } from "./io.ts";

export interface CheckRulesDeps {
  /** Standard input as text, which is checked where no file is named. */
  readonly readStdin: () => Promise<string>;
}

/** Checks rule files, or standard input. */
export async function checkRules(
  { files, features, warnings }: CheckRequest,
  io: CommandIo,
  { readStdin }: CheckRulesDeps = { readStdin: () => new Response(Deno.stdin.readable).text() },
): Promise<number> {
  for (const warning of warnings) io.stderr(`WARNING: ${warning}\n`);
  if (files.length === 0) {
    return checkRuleText("standard input", await readStdin(), features, io) ? EXIT.ok : EXIT.failure;
  }
  let isValid = true;
  for (const file of files) isValid = await checkRuleFile(file, features, io) && isValid;
  return isValid ? EXIT.ok : EXIT.failure;
}

/** Checks one rule file and says what it found. @returns Whether it is valid. */
export async function checkRuleFile(
  file: string,
  features: ReadonlySet<string>,
  io: CommandIo,
): Promise<boolean> {
  let text: string;
  try {
    text = await fileHost.readFile(file);
  } catch (error) {
    const reason = error instanceof UnreadableFileError ? error.message : `${file}: ${reasonOf(error)}`;
    io.stdout(`Checking ${file}\n`);
    io.stderr(`  FAILED: ${reason}\n`);
    io.stdout("\n");
    return false;
  }
  return checkRuleText(file, text, features, io);
}

function checkRuleText(file: string, text: string, features: ReadonlySet<string>, io: CommandIo): boolean {
  io.stdout(`Checking ${file}\n`);
  try {
    const groups = parseRuleFile(file, text, parserOptions(features));
    for (const { name, labels } of duplicateRules(groups)) {
      const shown = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(
        ", ",
      );
      io.stderr(
        `  WARNING: several rules make ${name}{${shown}}: their results may get in each other's way\n`,
      );
    }
    const rules = groups.reduce((sum, group) => sum + group.rules.length, 0);
    io.stdout(`  SUCCESS: ${counted(rules, "rule")} found\n`);
    return true;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    io.stderr(`  FAILED: ${error.message}\n`);
    return false;
  } finally {
    io.stdout("\n");
  }
}
