import { RE2JS, RE2JSSyntaxException } from "re2js";
import { type Glob, shapeOf } from "./regexp_shape.ts";
import { Template } from "./regexp_template.ts";

/** A test of whole label values. */
export interface StringMatcher {
  matches(value: string): boolean;
  /** All values that match, without duplicates, where they are finitely many and were worth listing. */
  readonly literals: readonly string[] | undefined;
  /** Every matching value starts with this; "" where nothing is known. */
  readonly prefix: string;
}

/** A text that is not an RE2 regular expression; the message is Go's. */
export class RegexpSyntaxError extends SyntaxError {
  override readonly name = "RegexpSyntaxError";
}

/**
 * Compiles an RE2 pattern that has to match a whole value; the dot matches newlines too. Matching takes time
 * linear in the value. Patterns made of literals, alternatives, `.*` and `.+` run as string operations.
 * @throws {RegexpSyntaxError} If the pattern is not RE2 syntax, or asks for more than 1,000 repetitions.
 */
export function compileRegexp(pattern: string): StringMatcher {
  return matcherFor(pattern, lazyRe2(pattern));
}

/** A fully anchored RE2 regexp with its capture groups, as relabelling and `label_replace` need it. */
export class AnchoredRegexp {
  readonly pattern: string;
  readonly #matcher: StringMatcher;
  readonly #re2: () => RE2JS;

  /** @throws {RegexpSyntaxError} As `compileRegexp`. */
  constructor(pattern: string) {
    this.pattern = pattern;
    this.#re2 = lazyRe2(pattern);
    this.#matcher = matcherFor(pattern, this.#re2);
  }

  matches(value: string): boolean {
    return this.#matcher.matches(value);
  }

  /** The whole match and then every group, "" for one that took no part; undefined where `value` does not match. */
  captures(value: string): readonly string[] | undefined {
    if (!this.matches(value)) return undefined;
    if (this.pattern === "(.*)" || this.pattern === "(.+)") return [value, value];
    const match = this.#re2().matcher(value);
    if (!match.matches()) {
      throw new Error(`BUG: /${this.pattern}/ matches ${JSON.stringify(value)} only in part`);
    }
    const captures = [value];
    for (let group = 1; group <= match.groupCount(); group++) captures.push(match.group(group) ?? "");
    return captures;
  }

  /** Parses Go's replacement syntax: `$1`, `${1}`, `$name`, `${name}`, `$$`. Reuse the result. */
  template(text: string): Template {
    return Template.parse(text, () => this.#re2().namedGroups());
  }

  /** `template` filled in with the groups of `value`; undefined where `value` does not match. */
  expand(template: string | Template, value: string): string | undefined {
    const parsed = typeof template === "string" ? this.template(template) : template;
    if (!parsed.usesGroups) return this.matches(value) ? parsed.fill([value]) : undefined;
    const captures = this.captures(value);
    return captures && parsed.fill(captures);
  }
}

function matcherFor(pattern: string, re2: () => RE2JS): StringMatcher {
  const shape = shapeOf(pattern);
  if (shape.globs === undefined) return new Re2Matcher(re2(), shape.prefix);
  const matcher = new GlobMatcher(shape.globs, shape.prefix);
  return shape.fold ? new FoldingMatcher(matcher, re2) : matcher;
}

class GlobMatcher implements StringMatcher {
  readonly literals: readonly string[] | undefined;
  readonly prefix: string;
  readonly #literals: ReadonlySet<string>;
  readonly #globs: readonly Glob[];

  constructor(globs: readonly Glob[], prefix: string) {
    this.#literals = new Set(globs.filter((glob) => glob.gaps.length === 0).map((glob) => glob.pieces[0]));
    this.#globs = globs.filter((glob) => glob.gaps.length > 0);
    this.literals = this.#globs.length === 0 ? [...this.#literals] : undefined;
    this.prefix = prefix;
  }

  matches(value: string): boolean {
    if (this.#literals.has(value)) return true;
    for (const glob of this.#globs) if (matchesGlob(glob, value)) return true;
    return false;
  }
}

/** Taking the leftmost place for each piece leaves the most room for the next, so one pass decides. */
function matchesGlob({ pieces, gaps }: Glob, value: string): boolean {
  const last = pieces.length - 1;
  if (!value.startsWith(pieces[0]) || !value.endsWith(pieces[last])) return false;
  let at = pieces[0].length;
  for (let i = 1; i < last; i++) {
    const found = value.indexOf(pieces[i], at + gaps[i - 1]);
    if (found < 0) return false;
    at = found + pieces[i].length;
  }
  return at + gaps[last - 1] <= value.length - pieces[last].length;
}

/** Case-insensitive: by lower case for ASCII values, by RE2 for others (K also matches U+212A, say). */
class FoldingMatcher implements StringMatcher {
  readonly literals = undefined;
  readonly prefix = "";
  readonly #lowerCase: StringMatcher;
  readonly #re2: () => RE2JS;

  constructor(lowerCase: StringMatcher, re2: () => RE2JS) {
    this.#lowerCase = lowerCase;
    this.#re2 = re2;
  }

  matches(value: string): boolean {
    if (/^[\0-\x7f]*$/.test(value)) return this.#lowerCase.matches(value.toLowerCase());
    return this.#re2().testExact(value);
  }
}

class Re2Matcher implements StringMatcher {
  readonly literals = undefined;
  readonly prefix: string;
  readonly #re2: RE2JS;

  constructor(re2: RE2JS, prefix: string) {
    this.#re2 = re2;
    this.prefix = prefix;
  }

  matches(value: string): boolean {
    return value.startsWith(this.prefix) && this.#re2.testExact(value);
  }
}

function lazyRe2(pattern: string): () => RE2JS {
  let re2: RE2JS | undefined;
  return () => re2 ??= compileRe2(pattern);
}

function compileRe2(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (cause) {
    if (!(cause instanceof RE2JSSyntaxException)) throw cause;
    // The library puts the DOTALL flag into the pattern, and so into messages that quote all of it.
    const message = cause.message.replace(`\`(?s)${pattern}\``, () => `\`${pattern}\``);
    // Go names the part that is wrong after every reason, an empty one too.
    const part = message.endsWith("nests too deeply") ? pattern : "";
    const said = message.endsWith("`") ? message : `${message}: \`${part}\``;
    throw new RegexpSyntaxError(said, { cause });
  }
}
