import { quote } from "../labels/labels.ts";

/** Reading of PromQL string literals: `"…"` and `'…'` with Go's escapes, backticks without. */

const SIMPLE_ESCAPES = new Map([
  ["a", 0x07],
  ["b", 0x08],
  ["f", 0x0c],
  ["n", 0x0a],
  ["r", 0x0d],
  ["t", 0x09],
  ["v", 0x0b],
  ["\\", 0x5c],
]);

/** Digits, base and highest value of an escape that names a byte or a code point by number. */
interface NumericEscape {
  readonly digits: number;
  readonly base: 8 | 16;
  readonly max: number;
}

const NUMERIC_ESCAPES = new Map<string, NumericEscape>([
  ["x", { digits: 2, base: 16, max: 0xff }],
  ["u", { digits: 4, base: 16, max: 0x10ffff }],
  ["U", { digits: 8, base: 16, max: 0x10ffff }],
]);
const OCTAL_ESCAPE: NumericEscape = { digits: 3, base: 8, max: 0xff };

/**
 * The end (exclusive) of the string literal whose opening quote is at `start`, or the reason, in upstream's words,
 * why there is none.
 */
export function scanString(input: string, start: number): number | string {
  const quoteChar = input[start];
  for (let at = start + 1;;) {
    const char = charAt(input, at);
    if (char === "" || (char === "\n" && quoteChar !== "`")) {
      return quoteChar === "`" ? "unterminated raw string" : "unterminated quoted string";
    }
    // Bytes that are not UTF-8 arrive as U+FFFD, or as half of a surrogate pair; upstream refuses the former too.
    if (char === "\ufffd" || !char.isWellFormed()) return "invalid UTF-8 rune";
    at += char.length;
    if (char === quoteChar) return at;
    if (char !== "\\" || quoteChar === "`") continue;
    const end = scanEscape(input, at, quoteChar);
    if (typeof end === "string") return end;
    at = end;
  }
}

function scanEscape(input: string, at: number, quoteChar: string): number | string {
  const char = charAt(input, at);
  if (char === "") return "escape sequence not terminated";
  if (SIMPLE_ESCAPES.has(char) || char === quoteChar) return at + 1;
  const isOctal = /^[0-7]$/.test(char);
  const escape = isOctal ? OCTAL_ESCAPE : NUMERIC_ESCAPES.get(char);
  if (escape === undefined) return `unknown escape sequence ${describeRune(char)}`;
  const first = isOctal ? at : at + 1;
  for (let i = first; i < first + escape.digits; i++) {
    const digit = charAt(input, i);
    if (digit === "") return "escape sequence not terminated";
    if (!(escape.base === 8 ? /^[0-7]$/ : /^[0-9a-fA-F]$/).test(digit)) {
      return `illegal character ${describeRune(digit)} in escape sequence`;
    }
  }
  const end = first + escape.digits;
  const value = parseInt(input.slice(first, end), escape.base);
  if (value > escape.max || (value >= 0xd800 && value < 0xe000)) {
    return "escape sequence is an invalid Unicode code point";
  }
  return end;
}

/**
 * The text that a literal accepted by `scanString` stands for. Escapes of single bytes may spell UTF-8; where they do
 * not, the text is not well-formed, and so not a valid label name.
 */
export function unquote(literal: string): string {
  const body = literal.slice(1, -1);
  if (literal[0] === "`" || !body.includes("\\")) return body;
  const encoder = new TextEncoder();
  const bytes: number[] = [];
  for (let at = 0; at < body.length;) {
    const escapeAt = body.indexOf("\\", at);
    for (const byte of encoder.encode(body.slice(at, escapeAt < 0 ? undefined : escapeAt))) bytes.push(byte);
    if (escapeAt < 0) break;
    const char = body[escapeAt + 1];
    const isOctal = char >= "0" && char <= "7";
    const escape = isOctal ? OCTAL_ESCAPE : NUMERIC_ESCAPES.get(char);
    if (escape === undefined) {
      bytes.push(SIMPLE_ESCAPES.get(char) ?? char.charCodeAt(0));
      at = escapeAt + 2;
      continue;
    }
    const first = isOctal ? escapeAt + 1 : escapeAt + 2;
    at = first + escape.digits;
    const value = parseInt(body.slice(first, at), escape.base);
    if (escape.max === 0xff) bytes.push(value);
    else bytes.push(...encoder.encode(String.fromCodePoint(value)));
  }
  return decodeBytes(bytes);
}

/** UTF-8 to text; a byte that is not UTF-8 becomes the lone surrogate U+DC00 + byte, so that `quoteText` can restore it. */
function decodeBytes(bytes: readonly number[]): string {
  let out = "";
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at];
    const length = lead < 0x80
      ? 1
      : lead < 0xc2
      ? 0
      : lead < 0xe0
      ? 2
      : lead < 0xf0
      ? 3
      : lead < 0xf5
      ? 4
      : 0;
    let code = length === 1 ? lead : lead & (0x7f >> length);
    let isValid = length > 0;
    for (let i = 1; i < length; i++) {
      const next = bytes[at + i] ?? 0;
      if ((next & 0xc0) !== 0x80) isValid = false;
      code = (code << 6) | (next & 0x3f);
    }
    // Too long a form, a surrogate, or beyond Unicode.
    if (length === 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) isValid = false;
    if (length === 4 && (code < 0x10000 || code > 0x10ffff)) isValid = false;
    out += isValid ? String.fromCodePoint(code) : String.fromCharCode(0xdc00 + lead);
    at += isValid ? length : 1;
  }
  return out;
}

/** The literal, in double quotes, that `unquote` reads as `text`. */
export function quoteText(text: string): string {
  // U+FFFD itself has to be escaped: raw, it stands for broken UTF-8.
  if (text.isWellFormed()) return quote(text).replaceAll("\ufffd", "\\ufffd");
  const parts = text.split(/([\udc80-\udcff])/u);
  // Every second part is a byte that is not UTF-8.
  const bodies = parts.map((part, i) =>
    i % 2 === 1 ? "\\x" + (part.charCodeAt(0) - 0xdc00).toString(16) : quoteText(part).slice(1, -1)
  );
  return `"${bodies.join("")}"`;
}

/** The character (whole code point) at `at`, "" past the end. */
export function charAt(input: string, at: number): string {
  const code = input.codePointAt(at);
  return code === undefined ? "" : String.fromCodePoint(code);
}

/** Go's `%#U`: `U+002E '.'`, without the character where it cannot be shown. */
function describeRune(char: string): string {
  const code = char.codePointAt(0)!;
  const hex = "U+" + code.toString(16).toUpperCase().padStart(4, "0");
  return isPrintable(char) ? `${hex} '${char}'` : hex;
}

/** Go's `%q` of a character, in single quotes; "" stands for the end of input. */
export function quoteRune(char: string): string {
  if (char === "") return "'\ufffd'";
  if (char === "'" || char === "\\") return `'\\${char}'`;
  const code = char.codePointAt(0)!;
  for (const [name, value] of SIMPLE_ESCAPES) if (value === code) return `'\\${name}'`;
  if (isPrintable(char)) return `'${char}'`;
  if (code < 0x80) return `'\\x${code.toString(16).padStart(2, "0")}'`;
  if (!char.isWellFormed()) return "'\ufffd'";
  return code < 0x10000
    ? `'\\u${code.toString(16).padStart(4, "0")}'`
    : `'\\U${code.toString(16).padStart(8, "0")}'`;
}

function isPrintable(char: string): boolean {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char);
}
