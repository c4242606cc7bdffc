/** The label that holds the metric's name. */
export const METRIC_NAME = "__name__";

/**
 * A label set: names with their values, sorted by name in the order of their UTF-8 bytes, no name twice,
 * no empty value (an empty value means that the label is absent). Immutable.
 */
export class Labels implements Iterable<[name: string, value: string]> {
  static readonly empty: Labels = new Labels([]);
  readonly #pairs: readonly string[]; // name, value, name, value, …
  #key: string | undefined;

  private constructor(pairs: readonly string[]) {
    this.#pairs = pairs;
  }

  /**
   * Sorts and drops empty values.
   * @throws {RangeError} If a name occurs twice.
   */
  static from(entries: Iterable<readonly [string, string]> | Readonly<Record<string, string>>): Labels {
    const list = Symbol.iterator in entries
      ? [...entries as Iterable<readonly [string, string]>]
      : Object.entries(entries as Record<string, string>);
    list.sort((a, b) => compareUtf8(a[0], b[0]));
    const pairs: string[] = [];
    let previous: string | undefined;
    for (const [name, value] of list) {
      if (name === previous) {
        throw new RangeError(`Label name ${JSON.stringify(name)} occurs twice: name each label once`);
      }
      previous = name;
      if (value !== "") pairs.push(name, value);
    }
    return pairs.length === 0 ? Labels.empty : new Labels(pairs);
  }

  /** Wraps `name, value, …` pairs that are already sorted by name, unique and without empty values. */
  static fromSortedPairs(pairs: readonly string[]): Labels {
    return pairs.length === 0 ? Labels.empty : new Labels(pairs);
  }

  get size(): number {
    return this.#pairs.length >> 1;
  }

  /** The value of `name`, or "" where the label is absent. */
  get(name: string): string {
    const pairs = this.#pairs;
    for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === name) return pairs[i + 1];
    return "";
  }

  has(name: string): boolean {
    return this.get(name) !== "";
  }

  /** `name, value, name, value, …`, sorted by name. */
  get pairs(): readonly string[] {
    return this.#pairs;
  }

  *[Symbol.iterator](): IterableIterator<[string, string]> {
    for (let i = 0; i < this.#pairs.length; i += 2) yield [this.#pairs[i], this.#pairs[i + 1]];
  }

  /** A string that is equal for equal label sets and only for them; computed once. */
  key(): string {
    return this.#key ??= this.#pairs.some((text) => text.includes("\0"))
      ? JSON.stringify(this.#pairs) // holds no NUL itself, so it cannot equal a joined key of two texts or more
      : this.#pairs.join("\0");
  }

  equals(other: Labels): boolean {
    return this === other || this.key() === other.key();
  }

  /** This set with `name` set to `value`; an empty value removes the label. */
  with(name: string, value: string): Labels {
    return Labels.from([...[...this].filter(([n]) => n !== name), [name, value]]);
  }

  /** Only the labels named in `names`. */
  keep(names: ReadonlySet<string>): Labels {
    return this.#filter((name) => names.has(name));
  }

  /** All labels but those named in `names`. */
  drop(names: ReadonlySet<string>): Labels {
    return this.#filter((name) => !names.has(name));
  }

  /** All labels but the metric name. */
  withoutName(): Labels {
    return this.has(METRIC_NAME) ? this.#filter((name) => name !== METRIC_NAME) : this;
  }

  #filter(wanted: (name: string) => boolean): Labels {
    const pairs: string[] = [];
    for (let i = 0; i < this.#pairs.length; i += 2) {
      if (wanted(this.#pairs[i])) pairs.push(this.#pairs[i], this.#pairs[i + 1]);
    }
    if (pairs.length === this.#pairs.length) return this;
    return Labels.fromSortedPairs(pairs);
  }

  toObject(): Record<string, string> {
    return Object.fromEntries(this);
  }

  /** `{a="b", c="d"}`, the form used in error messages. */
  toString(): string {
    return `{${[...this].map(([n, v]) => `${isLegacyLabelName(n) ? n : quote(n)}=${quote(v)}`).join(", ")}}`;
  }
}

/** Go's `%q`: double quotes, printable characters as they are, `\n`, `\xNN`, `\uNNNN` or `\UNNNNNNNN` for the rest. */
export function quote(text: string): string {
  if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`;
  let out = '"';
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (char === '"' || char === "\\") out += "\\" + char;
    else if (char === " " || PRINTABLE.test(char)) out += char;
    else if (code >= 7 && code <= 13) out += "\\" + "abtnvfr"[code - 7];
    else if (code < 0x20 || code === 0x7f) out += "\\x" + code.toString(16).padStart(2, "0");
    else if (code >= 0xd800 && code <= 0xdfff) out += "\\ufffd"; // half of a surrogate pair
    else if (code < 0x10000) out += "\\u" + code.toString(16).padStart(4, "0");
    else out += "\\U" + code.toString(16).padStart(8, "0");
  }
  return out + '"';
}

/** What Go's `unicode.IsPrint` accepts besides the space. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u;

/** Compares two strings by the order of their UTF-8 bytes: negative, zero or positive. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    let x = a.charCodeAt(i), y = b.charCodeAt(i);
    if (x === y) continue;
    // Surrogates stand for code points above U+FFFF and so sort after U+E000 to U+FFFF.
    if (x >= 0xd800 && y >= 0xd800) {
      x = x >= 0xe000 ? x - 0x800 : x + 0x2000;
      y = y >= 0xe000 ? y - 0x800 : y + 0x2000;
    }
    return x - y;
  }
  return a.length - b.length;
}

/** Compares label sets as upstream does: label by label, name before value; a prefix sorts first. */
export function compareLabels(a: Labels, b: Labels): number {
  return comparePairs(a.pairs, b.pairs);
}

/** As `compareLabels`, of names and values in turn. */
export function comparePairs(x: readonly string[], y: readonly string[]): number {
  const length = Math.min(x.length, y.length);
  for (let i = 0; i < length; i++) {
    if (x[i] === y[i]) continue; // mostly the same string: quicker than to walk along it
    const order = compareUtf8(x[i], y[i]);
    if (order !== 0) return order;
  }
  return x.length - y.length;
}

/** Whether `name` is `[a-zA-Z_][a-zA-Z0-9_]*`. */
export function isLegacyLabelName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
}

/** Whether `name` is `[a-zA-Z_:][a-zA-Z0-9_:]*`. */
export function isLegacyMetricName(name: string): boolean {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
}
