import { isLegacyLabelName, quote } from "./labels.ts";
import { compileRegexp, type StringMatcher } from "./regexp.ts";

export type MatchType = "=" | "!=" | "=~" | "!~";

/** A condition on the value of one label; an absent label has the value "". */
export class Matcher {
  readonly type: MatchType;
  readonly name: string;
  readonly value: string;
  /** All values that match, where they are finitely many: for `=`, and for `=~` with a finite regexp. */
  readonly literals: readonly string[] | undefined;
  /** Every matching value starts with this; "" where nothing is known. */
  readonly prefix: string;
  /** Whether series without the label match. */
  readonly matchesEmpty: boolean;
  readonly #regexp: StringMatcher | undefined;

  /** @throws {RegexpSyntaxError} If the type is `=~` or `!~` and `value` is not an RE2 pattern. */
  constructor(type: MatchType, name: string, value: string) {
    this.type = type;
    this.name = name;
    this.value = value;
    const regexp = type === "=~" || type === "!~" ? compileRegexp(value) : undefined;
    this.#regexp = regexp;
    this.literals = type === "=" ? [value] : type === "=~" ? regexp!.literals : undefined;
    this.prefix = type === "=" ? value : type === "=~" ? regexp!.prefix : "";
    this.matchesEmpty = this.matches("");
  }

  matches(value: string): boolean {
    switch (this.type) {
      case "=":
        return value === this.value;
      case "!=":
        return value !== this.value;
      case "=~":
        return this.#regexp!.matches(value);
      case "!~":
        return !this.#regexp!.matches(value);
    }
  }

  /** `name="value"`, with a quoted name where it needs quotes. */
  toString(): string {
    return `${isLegacyLabelName(this.name) ? this.name : quote(this.name)}${this.type}${quote(this.value)}`;
  }
}
