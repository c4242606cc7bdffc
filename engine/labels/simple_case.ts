/**
 * Case mapping one character to one character, as Go's `strings.ToLower` and `ToUpper`: no final sigma and
 * no expansions, so "ß" stays "ß" in upper case.
 */

export function toSimpleLowerCase(text: string): string {
  return isAscii(text) ? text.toLowerCase() : Array.from(text, simpleLower).join("");
}

export function toSimpleUpperCase(text: string): string {
  return isAscii(text) ? text.toUpperCase() : Array.from(text, simpleUpper).join("");
}

function simpleLower(char: string): string {
  return char === "\u0130" ? "i" : char.toLowerCase(); // İ is the one letter whose full mapping has two
}

function simpleUpper(char: string): string {
  const upper = char.toUpperCase();
  return upper.length <= char.length ? upper : GREEK_IOTA.get(char) ?? char;
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

/** Greek letters with iota subscript: full mapping spells the iota out, simple mapping keeps it. */
const GREEK_IOTA = new Map<string, string>([
  ["\u1fb3", "\u1fbc"],
  ["\u1fc3", "\u1fcc"],
  ["\u1ff3", "\u1ffc"],
]);
for (const first of [0x1f80, 0x1f90, 0x1fa0]) {
  for (let code = first; code < first + 8; code++) {
    GREEK_IOTA.set(String.fromCharCode(code), String.fromCharCode(code + 8));
  }
}
