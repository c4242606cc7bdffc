import { createHash } from "node:crypto";
import { LabelsBuilder } from "./builder.ts";
import { type Labels, quote } from "./labels.ts";
import { isValidLabelName, type ValidationScheme } from "./names.ts";
import { AnchoredRegexp } from "./regexp.ts";
import { toSimpleLowerCase, toSimpleUpperCase } from "./simple_case.ts";

/** One entry of a `relabel_configs` list. Fields left out take the defaults; `regex: ""` matches "" only. */
export interface RelabelConfig {
  readonly sourceLabels?: readonly string[];
  /** Stands between the source values; default ";". */
  readonly separator?: string;
  readonly targetLabel?: string;
  /** RE2, fully anchored, dot matches newline; default "(.*)". */
  readonly regex?: string;
  /** 1 to 2^64 - 1; for `hashmod`. */
  readonly modulus?: number | bigint;
  /** Go's template syntax; default "$1". "" deletes the target label. */
  readonly replacement?: string;
  /** In any case of letters; default "replace". */
  readonly action?: string;
}

const ACTIONS = [
  "replace",
  "keep",
  "drop",
  "hashmod",
  "labelmap",
  "labeldrop",
  "labelkeep",
  "lowercase",
  "uppercase",
  "keepequal",
  "dropequal",
] as const;

export type RelabelAction = typeof ACTIONS[number];

/** A relabelling rule that is not valid; the message is upstream's. */
export class RelabelConfigError extends TypeError {
  override readonly name = "RelabelConfigError";
}

/** A compiled rule. */
export interface RelabelRule {
  /** The configuration with defaults filled in, as the configuration page shows it. */
  readonly config: Required<Omit<RelabelConfig, "action">> & { readonly action: RelabelAction };
  /** Changes the labels; false drops the whole set. */
  apply(labels: LabelsBuilder): boolean;
}

/** Applies the rules in order; undefined where one of them drops the set. */
export function relabel(labels: Labels, rules: readonly RelabelRule[]): Labels | undefined {
  const builder = new LabelsBuilder(labels);
  for (const rule of rules) if (!rule.apply(builder)) return undefined;
  return builder.labels();
}

/**
 * Checks one entry and compiles it.
 * @param scheme Which label names are valid as a target.
 * @throws {RelabelConfigError} If the fields do not fit the action.
 * @throws {RegexpSyntaxError} If `regex` is not an RE2 pattern.
 */
export function compileRelabelRule(given: RelabelConfig, scheme: ValidationScheme): RelabelRule {
  const config = {
    sourceLabels: given.sourceLabels ?? [],
    separator: given.separator ?? ";",
    targetLabel: given.targetLabel ?? "",
    regex: given.regex ?? "(.*)",
    modulus: given.modulus ?? 0,
    replacement: given.replacement ?? "$1",
    action: actionOf(given.action ?? "replace"),
  };
  check(given, config, scheme);
  return { config, apply: compileAction(config, scheme) };
}

function actionOf(text: string): RelabelAction {
  const action = ACTIONS.find((known) => known === text.toLowerCase());
  if (action === undefined) throw new RelabelConfigError(`unknown relabel action ${quote(text)}`);
  return action;
}

function check(given: RelabelConfig, config: RelabelRule["config"], scheme: ValidationScheme): void {
  const { action, targetLabel, replacement } = config;
  const badSource = config.sourceLabels.find((name) => !isValidLabelName(name, "utf8"));
  if (badSource !== undefined) throw new RelabelConfigError(`${quote(badSource)} is not a valid label name`);
  const { modulus } = config;
  if (modulus < 0 || modulus >= 1n << 64n || (typeof modulus === "number" && !Number.isInteger(modulus))) {
    throw new RelabelConfigError(
      `${modulus} is invalid 'modulus': expected a whole number from 1 to 2^64 - 1`,
    );
  }
  if (action === "hashmod" && BigInt(modulus) === 0n) {
    throw new RelabelConfigError("relabel configuration for hashmod requires non-zero modulus");
  }
  const isCase = action === "lowercase" || action === "uppercase";
  const isEqual = action === "keepequal" || action === "dropequal";
  if (action === "replace" || action === "hashmod" || isCase || isEqual) {
    if (targetLabel === "") {
      throw new RelabelConfigError(
        `relabel configuration for ${action} action requires 'target_label' value`,
      );
    }
    const isValid = action === "replace" && targetLabel.includes("$")
      ? isValidNameTemplate(targetLabel, scheme)
      : isValidLabelName(targetLabel, scheme);
    if (!isValid) {
      throw new RelabelConfigError(`${quote(targetLabel)} is invalid 'target_label' for ${action} action`);
    }
  }
  if ((isCase || isEqual) && replacement !== "$1") {
    throw new RelabelConfigError(`'replacement' can not be set for ${action} action`);
  }
  if (action === "labelmap" && !isValidNameTemplate(replacement, scheme)) {
    throw new RelabelConfigError(`${quote(replacement)} is invalid 'replacement' for ${action} action`);
  }
  const setsMore = BigInt(modulus) !== 0n || config.separator !== ";" || replacement !== "$1";
  if (isEqual && (setsMore || given.regex !== undefined)) {
    throw new RelabelConfigError(
      `${action} action requires only 'source_labels' and \`target_label\`, and no other fields`,
    );
  }
  if (action === "labeldrop" || action === "labelkeep") {
    if (setsMore || given.sourceLabels !== undefined || targetLabel !== "") {
      throw new RelabelConfigError(`${action} action requires only 'regex', and no other fields`);
    }
  }
}

/** Whether `text`, a name or a template such as `label_${1}`, may become a label name. */
function isValidNameTemplate(text: string, scheme: ValidationScheme): boolean {
  if (scheme === "utf8") return isValidLabelName(text, scheme);
  return /^(?:[a-zA-Z_]|\$(?:\{\w+\}|\w))(?:\w|\$(?:\{\w+\}|\w))*$/.test(text);
}

function compileAction(config: RelabelRule["config"], scheme: ValidationScheme): RelabelRule["apply"] {
  const { sourceLabels, separator, targetLabel, replacement } = config;
  const regexp = new AnchoredRegexp(config.regex);
  const source = (labels: LabelsBuilder) => sourceLabels.map((name) => labels.get(name)).join(separator);
  switch (config.action) {
    case "keep":
      return (labels) => regexp.matches(source(labels));
    case "drop":
      return (labels) => !regexp.matches(source(labels));
    case "keepequal":
      return (labels) => labels.get(targetLabel) === source(labels);
    case "dropequal":
      return (labels) => labels.get(targetLabel) !== source(labels);
    case "replace": {
      const target = regexp.template(targetLabel), value = regexp.template(replacement);
      return always((labels) => {
        const text = source(labels);
        const name = regexp.expand(target, text);
        if (name === undefined || !isValidLabelName(name, scheme)) return;
        labels.set(name, regexp.expand(value, text)!);
      });
    }
    case "lowercase":
      return always((labels) => labels.set(targetLabel, toSimpleLowerCase(source(labels))));
    case "uppercase":
      return always((labels) => labels.set(targetLabel, toSimpleUpperCase(source(labels))));
    case "hashmod": {
      const modulus = BigInt(config.modulus);
      return always((labels) => labels.set(targetLabel, String(hashOf(source(labels)) % modulus)));
    }
    case "labelmap": {
      const target = regexp.template(replacement);
      return always((labels) => {
        for (const [name, value] of labels.entries()) {
          const mapped = regexp.expand(target, name);
          if (mapped !== undefined) labels.set(mapped, value);
        }
      });
    }
    case "labeldrop":
      return always((labels) => {
        for (const [name] of labels.entries()) if (regexp.matches(name)) labels.delete(name);
      });
    case "labelkeep":
      return always((labels) => {
        for (const [name] of labels.entries()) if (!regexp.matches(name)) labels.delete(name);
      });
  }
}

/** A rule that changes labels and never drops the set. */
function always(change: (labels: LabelsBuilder) => void): RelabelRule["apply"] {
  return (labels) => {
    change(labels);
    return true;
  };
}

/** The last 8 bytes of the MD5 of the UTF-8 text, big-endian: upstream's choice, which shards rely on. */
function hashOf(text: string): bigint {
  const digest = createHash("md5").update(text, "utf8").digest();
  return new DataView(digest.buffer, digest.byteOffset, digest.byteLength).getBigUint64(8);
}
