import { isValidLabelName, type ValidationScheme } from "../../engine/labels/names.ts";
import { quote } from "../../engine/labels/labels.ts";
import { AnchoredRegexp } from "../../engine/labels/regexp.ts";
import { compileRelabelRule, type RelabelRule } from "../../engine/labels/relabel.ts";
import type { KeyPath } from "./config_error.ts";
import { FieldError, list, oneOf, string, uint } from "./field.ts";
import { section } from "./section.ts";
import type { YamlDocument } from "./yaml_document.ts";

const ACTIONS = [
  "replace",
  "keep",
  "drop",
  "keepequal",
  "dropequal",
  "hashmod",
  "labelmap",
  "labeldrop",
  "labelkeep",
  "lowercase",
  "uppercase",
] as const;

const REGEX_DEFAULT = "(.*)";

/** Upstream's error if `name` cannot be a label name in any scheme. */
export function checkLabelName(name: string): string | undefined {
  return isValidLabelName(name, "utf8") ? undefined : `${quoteBytes(name)} is not a valid label name`;
}

/** Go's `%q` of a text whose lone surrogates stand for bytes that are not UTF-8. */
export function quoteBytes(text: string): string {
  const parts = text.split(/([\udc80-\udcff])(?<![\ud800-\udbff]\1)/);
  const quoted = parts.map((part, i) =>
    i % 2 === 0 ? quote(part).slice(1, -1) : `\\x${(part.charCodeAt(0) - 0xdc00).toString(16)}`
  );
  return `"${quoted.join("")}"`;
}

/** One relabelling rule as written; a missing `regex` is `(.*)`, an empty one matches only the empty text. */
const relabelSection = section("relabel.Config", {
  source_labels: list(
    string({
      check: (name) => {
        const reason = checkLabelName(name);
        if (reason !== undefined) {
          throw new FieldError(reason, { expected: "a label name", fix: "name a label" });
        }
      },
    }),
    { flow: true },
  ),
  separator: string({ initial: ";", printed: "always" }),
  regex: string({
    initial: REGEX_DEFAULT,
    hidden: REGEX_DEFAULT,
    check: (pattern) => {
      try {
        new AnchoredRegexp(pattern);
      } catch (error) {
        const details = {
          expected: "an RE2 regular expression",
          fix: "correct the pattern; a literal \\ ( ) [ . * + ? needs a \\ before it",
        };
        throw new FieldError((error as Error).message, details);
      }
    },
  }),
  modulus: uint(),
  target_label: string(),
  replacement: string({ initial: "$1", printed: "always" }),
  action: oneOf(ACTIONS, (found) => `unknown relabel action ${quote(found)}`, {
    initial: "replace",
    ignoreCase: true,
  }),
});
export type RelabelSection = typeof relabelSection.initial;

/** A list of relabelling rules; `nullItem` is upstream's text for an empty one. */
export const relabelRules = (nullItem: string) => list(relabelSection, { nullItem });

/**
 * Compiles the rules that stand at `path` in the document.
 * @throws {ConfigError} At the first rule that contradicts itself or the naming scheme.
 */
export function compileRelabelRules(
  rules: readonly RelabelSection[],
  scheme: ValidationScheme,
  document: YamlDocument,
  path: KeyPath,
): RelabelRule[] {
  return rules.map((rule, i) => {
    if (rule.action === "") {
      throw document.error([...path, i, "action"], "relabel action cannot be empty", {
        expected: `one of ${ACTIONS.join(", ")}`,
        fix: "name an action, or remove the key for replace",
      });
    }
    try {
      // Some actions refuse keys that are written at all, so those at their defaults are left out.
      const given = {
        ...rule,
        sourceLabels: rule.sourceLabels.length === 0 ? undefined : rule.sourceLabels,
        regex: rule.regex === REGEX_DEFAULT ? undefined : rule.regex,
      };
      return compileRelabelRule(given, scheme);
    } catch (error) {
      throw document.error([...path, i], (error as Error).message, {
        fix: "change the rule so that its keys fit its action",
      });
    }
  });
}
