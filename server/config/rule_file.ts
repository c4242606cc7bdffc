import { parseExpr, type ParserOptions } from "../../engine/promql/parser.ts";
import { quote } from "../../engine/labels/labels.ts";
import { isValidLabelName, isValidMetricName, type ValidationScheme } from "../../engine/labels/names.ts";
import { ConfigError, type ConfigProblem, type ConfigProblems, type KeyPath } from "./config_error.ts";
import { duration, int, list, map, string } from "./field.ts";
import { nested, section } from "./section.ts";
import { YamlDocument } from "./yaml_document.ts";

const ruleSection = section("rulefmt.Rule", {
  record: string(),
  alert: string(),
  expr: string(),
  for: duration(),
  keep_firing_for: duration(),
  labels: map(string()),
  annotations: map(string()),
});

const groupSection = section("rulefmt.RuleGroup", {
  name: string(),
  interval: duration(),
  query_offset: duration(),
  limit: int(),
  labels: map(string()),
  rules: list(nested(ruleSection)),
});

const ruleFileSection = section("rulefmt.RuleGroups", { groups: list(nested(groupSection)) });

/** One rule as written: a recording rule has `record`, an alerting rule `alert`, the other is "". */
export type Rule = typeof ruleSection.initial;
/** A group as written. */
export type RuleGroup = typeof groupSection.initial;

export interface RuleFileOptions extends ParserOptions {
  readonly scheme?: ValidationScheme;
}

/**
 * Reads a rule file. Templates in labels and annotations are not looked into.
 * @throws {ConfigError} With everything that is wrong with it.
 */
export function parseRuleFile(
  file: string,
  text: string,
  options: RuleFileOptions = {},
): readonly RuleGroup[] {
  const document = new YamlDocument(file, text);
  if (document.root === null) return [];
  const { groups } = document.parse(ruleFileSection.schema);
  const problems: ConfigProblem[] = [];
  const report: Report = (path, reason, fix) =>
    void problems.push(...document.error(path, reason, { fix }).problems);
  const names = new Set<string>();
  for (const [g, group] of groups.entries()) {
    const at = ["groups", g];
    if (group.name === "") report([...at, "name"], "Groupname must not be empty", "give the group a name");
    else if (names.has(group.name)) {
      const reason = `groupname: ${quote(group.name)} is repeated in the same file`;
      report([...at, "name"], reason, "rename one of the groups");
    }
    names.add(group.name);
    checkLabels(group.labels, [...at, "labels"], options, report);
    group.rules.forEach((rule, r) => checkRule(rule, group, r, [...at, "rules", r], options, report));
  }
  if (problems.length > 0) throw new ConfigError(problems as unknown as ConfigProblems);
  return groups;
}

type Report = (path: KeyPath, reason: string, fix: string) => void;

function checkRule(
  rule: Rule,
  group: RuleGroup,
  index: number,
  at: KeyPath,
  options: RuleFileOptions,
  reportProblem: Report,
): void {
  const { record, alert, expr, labels, annotations } = rule;
  const { scheme = "utf8" } = options;
  const where = `group ${quote(group.name)}, rule ${index + 1}, ${quote(record || alert)}: `;
  const report: Report = (path, reason, fix) => reportProblem(path, where + reason, fix);

  if (record !== "" && alert !== "") {
    report([...at, "alert"], "only one of 'record' and 'alert' must be set", "make two rules of it");
  } else if (record === "" && alert === "") {
    report(at, "one of 'record' or 'alert' must be set", "say what the rule makes");
  }
  if (expr === "") report(at, "field 'expr' must be set in rule", "give it an expression");
  else {
    try {
      parseExpr(expr, options);
    } catch (error) {
      report(
        [...at, "expr"],
        `could not parse expression: ${(error as Error).message}`,
        "correct the PromQL",
      );
    }
  }
  if (record !== "") {
    const alertOnly = {
      for: rule.forMs > 0,
      keep_firing_for: rule.keepFiringForMs > 0,
      annotations: Object.keys(annotations).length > 0,
    };
    for (const [key, isSet] of Object.entries(alertOnly)) {
      if (isSet) {
        report([...at, key], `invalid field '${key}' in recording rule`, "only alerts have it: remove it");
      }
    }
    if (/[{}]/.test(record)) {
      const reason = `braces present in the recording rule name; should it be in expr?: ${record}`;
      report([...at, "record"], reason, "give the new series a name alone");
    } else if (!isValidMetricName(record, scheme)) {
      report([...at, "record"], `invalid recording rule name: ${record}`, "use a valid metric name");
    }
  }
  checkLabels(labels, [...at, "labels"], options, report);
  for (const name of Object.keys(annotations)) {
    if (isValidLabelName(name, scheme)) continue;
    report([...at, "annotations", name], `invalid annotation name: ${name}`, "use a valid label name");
  }
}

function checkLabels(
  labels: Readonly<Record<string, string>>,
  at: KeyPath,
  { scheme = "utf8" }: RuleFileOptions,
  report: Report,
): void {
  for (const [name, value] of Object.entries(labels)) {
    if (name === "__name__" || !isValidLabelName(name, scheme)) {
      report([...at, name], `invalid label name: ${name}`, "use another name");
    }
    if (!value.isWellFormed()) {
      report([...at, name], `invalid label value: ${quote(value)}`, "use valid UTF-8");
    }
  }
}

/** Rules that make the same series as another one: name and labels of each, once. */
export function duplicateRules(
  groups: readonly RuleGroup[],
): { name: string; labels: Record<string, string> }[] {
  const counts = new Map<string, number>();
  for (const group of groups) {
    for (const { record, alert, labels } of group.rules) {
      const sorted = Object.entries({ ...group.labels, ...labels }).sort(([a], [b]) => a < b ? -1 : 1);
      const key = JSON.stringify([record || alert, sorted]);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return [...counts].filter(([, count]) => count > 1).map(([key]) => {
    const [name, labels] = JSON.parse(key);
    return { name, labels: Object.fromEntries(labels) };
  });
}
