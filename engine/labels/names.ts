import { isLegacyLabelName, isLegacyMetricName } from "./labels.ts";

/** Which names are valid: any non-empty well-formed text, or only ASCII letters, digits, `_` (and `:`). */
export type ValidationScheme = "utf8" | "legacy";

/** How names that are not legacy-valid are written for readers that know no others. */
export const ESCAPING_SCHEMES = ["allow-utf-8", "underscores", "dots", "values"] as const;
export type EscapingScheme = typeof ESCAPING_SCHEMES[number];

const VALUES_PREFIX = "U__";

export function isValidMetricName(name: string, scheme: ValidationScheme): boolean {
  return scheme === "legacy" ? isLegacyMetricName(name) : isUtf8Name(name);
}

export function isValidLabelName(name: string, scheme: ValidationScheme): boolean {
  return scheme === "legacy" ? isLegacyLabelName(name) : isUtf8Name(name);
}

function isUtf8Name(name: string): boolean {
  return name !== "" && name.isWellFormed();
}

export function isEscapingScheme(text: string): text is EscapingScheme {
  return (ESCAPING_SCHEMES as readonly string[]).includes(text);
}

/** Escapes a metric or label name; a colon counts as valid in both, as upstream has it. */
export function escapeName(name: string, scheme: EscapingScheme): string {
  if (name === "" || scheme === "allow-utf-8") return name;
  if (scheme !== "dots" && isLegacyMetricName(name)) return name;
  let out = scheme === "values" ? VALUES_PREFIX : "";
  let isFirst = true;
  for (const char of name) {
    const isValid = isFirst ? /^[A-Za-z_:]$/.test(char) : /^[A-Za-z0-9_:]$/.test(char);
    isFirst = false;
    if (char === "_") out += scheme === "underscores" ? "_" : "__";
    else if (char === "." && scheme === "dots") out += "_dot_";
    else if (isValid) out += char;
    else if (scheme === "underscores") out += "_";
    else if (scheme === "dots") out += "__";
    else out += char.isWellFormed() ? `_${char.codePointAt(0)!.toString(16)}_` : "_FFFD_";
  }
  return out;
}

/**
 * The reverse of `escapeName` as far as there is one: `values` gives back the name, `dots` most of it,
 * `underscores` nothing. A name that is not well escaped comes back as it is.
 */
export function unescapeName(name: string, scheme: EscapingScheme): string {
  switch (scheme) {
    case "allow-utf-8":
    case "underscores":
      return name;
    case "dots":
      return name.replaceAll("_dot_", ".").replaceAll("__", "_");
    case "values":
      return unescapeValues(name);
  }
}

function unescapeValues(name: string): string {
  if (!name.startsWith(VALUES_PREFIX)) return name;
  const escape = /_(?:_|([0-9A-Fa-f]{1,6})_)/y;
  let out = "";
  for (let at = VALUES_PREFIX.length; at < name.length;) {
    if (name[at] !== "_") {
      out += name[at++];
      continue;
    }
    escape.lastIndex = at;
    const match = escape.exec(name);
    if (match === null) return name;
    at = escape.lastIndex;
    if (match[1] === undefined) {
      out += "_";
      continue;
    }
    const code = parseInt(match[1], 16);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return name;
    out += String.fromCodePoint(code);
  }
  return out;
}
