/**
 * Plain (unquoted) YAML scalars, resolved as upstream's YAML reader does (YAML 1.1 booleans, underscores in numbers,
 * `0x`, `0o`, `0b` and leading-zero octal integers). The text is kept: a string key takes `1.10` as "1.10".
 */

/** A number or boolean written without quotes. */
export class PlainScalar {
  constructor(
    readonly value: number | boolean,
    readonly source: string,
    readonly tag: "!!int" | "!!float" | "!!bool",
  ) {}
}

/** What a YAML node becomes. Maps have no prototype. */
export type YamlValue = string | null | PlainScalar | YamlValue[] | YamlMap;
export interface YamlMap {
  [key: string]: YamlValue;
}

const NULLS = new Set(["", "~", "null", "Null", "NULL"]);
const TRUES = new Set(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]);
const FALSES = new Set(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]);
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const INTEGER = /^([-+]?)(?:0x([0-9a-fA-F]+)|0b([01]+)|0o?([0-7]+)|(0|[1-9][0-9]*))$/;

/** The value of the plain scalar `source`; text that is nothing else is a string. */
export function resolvePlainScalar(source: string): string | null | PlainScalar {
  if (NULLS.has(source)) return null;
  if (TRUES.has(source)) return new PlainScalar(true, source, "!!bool");
  if (FALSES.has(source)) return new PlainScalar(false, source, "!!bool");
  if (/^[-+]?\.(inf|Inf|INF)$/.test(source)) {
    return new PlainScalar(source[0] === "-" ? -Infinity : Infinity, source, "!!float");
  }
  if (/^\.(nan|NaN|NAN)$/.test(source)) return new PlainScalar(NaN, source, "!!float");
  const digits = source.replaceAll("_", "");
  const integer = INTEGER.exec(digits);
  if (integer !== null) {
    const [, sign, hex, binary, octal, decimal] = integer;
    const size = hex !== undefined
      ? parseInt(hex, 16)
      : binary !== undefined
      ? parseInt(binary, 2)
      : octal !== undefined
      ? parseInt(octal, 8)
      : Number(decimal);
    return new PlainScalar(sign === "-" && size !== 0 ? -size : size, source, "!!int");
  }
  return FLOAT.test(digits) ? new PlainScalar(Number(digits), source, "!!float") : source;
}

/** The YAML tag of a value, as upstream's messages name it. */
export function tagOf(value: YamlValue): string {
  if (value === null) return "!!null";
  if (typeof value === "string") return "!!str";
  if (value instanceof PlainScalar) return value.tag;
  return Array.isArray(value) ? "!!seq" : "!!map";
}

/** Whether a value is a mapping. */
export function isYamlMap(value: unknown): value is YamlMap {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof PlainScalar);
}
