/** A replacement text in Go's syntax, parsed for one regexp. */
export class Template {
  readonly #parts: readonly (string | number)[]; // text, or the number of a capture group

  private constructor(parts: readonly (string | number)[]) {
    this.#parts = parts;
  }

  /**
   * Reads `$1`, `${1}`, `$name`, `${name}` and `$$`. A name is the longest run of letters, digits and
   * underscores, so `$1x` means `${1x}`. An unknown group stands for ""; a `$` that begins nothing is itself.
   * @param namedGroups Numbers of the named groups; asked only if the text has a name.
   */
  static parse(text: string, namedGroups: () => Readonly<Record<string, number>>): Template {
    const parts: (string | number)[] = [];
    let at = 0;
    for (const match of text.matchAll(/\$(?:\$|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu)) {
      parts.push(text.slice(at, match.index));
      at = match.index + match[0].length;
      const name = match[1] ?? match[2];
      if (name === undefined) parts.push("$");
      else if (/^(0|[1-9][0-9]{0,8})$/.test(name)) parts.push(Number(name));
      else {
        const groups = namedGroups();
        if (Object.hasOwn(groups, name)) parts.push(groups[name]);
      }
    }
    parts.push(text.slice(at));
    return new Template(parts.filter((part) => part !== ""));
  }

  /** Whether filling it in takes more than the whole match. */
  get usesGroups(): boolean {
    return this.#parts.some((part) => typeof part === "number" && part > 0);
  }

  /** The text with groups filled in from the whole match (index 0) and the groups after it. */
  fill(captures: readonly string[]): string {
    let out = "";
    for (const part of this.#parts) out += typeof part === "number" ? captures[part] ?? "" : part;
    return out;
  }
}
