import { isLegacyMetricName } from "../labels/labels.ts";

/** How names that are not `[a-zA-Z_:][a-zA-Z0-9_:]*` are written for a reader that may not know UTF-8 names. */
export const ESCAPING_SCHEMES = ["allow-utf-8", "underscores", "dots", "values"] as const;
export type EscapingScheme = typeof ESCAPING_SCHEMES[number];

export function isEscapingScheme(text: string): text is EscapingScheme {
  return (ESCAPING_SCHEMES as readonly string[]).includes(text);
}

/** `name` as `scheme` writes it. */
export function escapeName(name: string, scheme: EscapingScheme): string {
  if (scheme === "allow-utf-8" || name === "") return name;
  // Dots are escaped in valid names too, so that the names can be read back.
  if (scheme !== "dots" && isLegacyMetricName(name)) return name;
  const escaped = Array.from(name, (char, i) => {
    if (scheme !== "underscores" && char === "_") return "__";
    if (scheme === "dots" && char === ".") return "_dot_";
    if (/[a-zA-Z_:]/.test(char) || (i > 0 && /[0-9]/.test(char))) return char;
    if (scheme === "underscores") return "_";
    if (scheme === "dots") return "__";
    const code = char.codePointAt(0)!;
    return code >= 0xd800 && code < 0xe000 ? "_FFFD_" : `_${code.toString(16)}_`;
  }).join("");
  return scheme === "values" ? "U__" + escaped : escaped;
}

/** The name that `scheme` escaped, as far as it can be told; `name` itself otherwise. */
export function unescapeName(name: string, scheme: EscapingScheme): string {
  if (scheme === "dots") return name.replaceAll("_dot_", ".").replaceAll("__", "_");
  if (scheme !== "values" || !name.startsWith("U__")) return name;
  const body = name.slice(3);
  if (!/^(?:[^_]|__|_[0-9a-fA-F]{1,6}_)*$/.test(body)) return name;
  let valid = true;
  const unescaped = body.replace(/_([0-9a-fA-F]*)_/g, (_, hex: string) => {
    if (hex === "") return "_";
    const code = parseInt(hex, 16);
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) valid = false;
    return valid ? String.fromCodePoint(code) : "";
  });
  return valid ? unescaped : name;
}
