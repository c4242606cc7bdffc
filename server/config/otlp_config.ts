import { quote } from "../../engine/labels/labels.ts";
import { bool, list, oneOf, string } from "./field.ts";
import { type Report, section } from "./section.ts";

const STRATEGIES = [
  "",
  "UnderscoreEscapingWithSuffixes",
  "UnderscoreEscapingWithoutSuffixes",
  "NoUTF8EscapingWithSuffixes",
  "NoTranslation",
] as const;

export const otlpSection = section("config.OTLPConfig", {
  promote_all_resource_attributes: bool(),
  promote_resource_attributes: list(string()),
  ignore_resource_attributes: list(string()),
  translation_strategy: oneOf(
    STRATEGIES,
    (found) => `unsupported OTLP translation strategy ${quote(found)}`,
    {
      initial: "UnderscoreEscapingWithSuffixes",
    },
  ),
  keep_identifying_resource_attributes: bool(),
  convert_histograms_to_nhcb: bool(),
  promote_scope_metadata: bool(),
  label_name_underscore_sanitization: bool({ initial: true }),
  label_name_preserve_multiple_underscores: bool({ initial: true }),
}, (config, report) => {
  if (config.promoteAllResourceAttributes) {
    if (config.promoteResourceAttributes.length > 0) {
      const reason =
        "'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be configured " +
        "simultaneously";
      report("promote_resource_attributes", reason, "keep one of the two");
    }
    const key = "ignore_resource_attributes";
    config.ignoreResourceAttributes = checkAttributes(
      key,
      config.ignoreResourceAttributes,
      "ignored",
      report,
    );
    return;
  }
  if (config.ignoreResourceAttributes.length > 0) {
    const reason =
      "'ignore_resource_attributes' cannot be configured unless 'promote_all_resource_attributes' is true";
    report("ignore_resource_attributes", reason, "set promote_all_resource_attributes: true");
  }
  const key = "promote_resource_attributes";
  config.promoteResourceAttributes = checkAttributes(
    key,
    config.promoteResourceAttributes,
    "promoted",
    report,
  );
});
/** How OTLP metrics become series. */
export type OtlpConfig = typeof otlpSection.initial;

/** The attributes without space around them; reports empty ones and those that occur twice. */
function checkAttributes(
  key: string,
  attributes: readonly string[],
  adjective: string,
  report: Report,
): string[] {
  const seen = new Set<string>();
  for (const [i, attribute] of attributes.entries()) {
    const name = attribute.trim();
    const invalid = (reason: string) => report([key, i], `invalid '${key}': ${reason}`, "remove the item");
    if (name === "") invalid(`empty ${adjective} OTel resource attribute`);
    else if (seen.has(name)) invalid(`duplicated ${adjective} OTel resource attribute ${quote(name)}`);
    else seen.add(name);
  }
  return [...seen];
}

/** Upstream's error where names that need UTF-8 are kept although the global scheme forbids them. */
export function checkTranslation(otlp: OtlpConfig, globalScheme: string): string | undefined {
  const strategy = otlp.translationStrategy;
  if (
    globalScheme !== "legacy" || (strategy !== "NoTranslation" && strategy !== "NoUTF8EscapingWithSuffixes")
  ) return;
  return `OTLP translation strategy ${quote(strategy)} is not allowed when UTF8 is disabled`;
}
