/**
 * Literal pieces with gaps between them: `a.*b.+c` is pieces `a`, `b`, `c` and gaps 0, 1. A gap is the least
 * number of characters between two pieces (0 or 1). One piece and no gap is a plain literal.
 * Invariants: pieces.length === gaps.length + 1; pieces other than the first and last are not empty.
 */
export interface Glob {
  readonly pieces: readonly string[];
  readonly gaps: readonly (0 | 1)[];
}

/** What is known of a regexp without running it. */
export interface RegexpShape {
  /** The pattern matches exactly what one of these globs matches. Undefined: not expressible this way. */
  readonly globs: readonly Glob[] | undefined;
  /** Every match starts with this. */
  readonly prefix: string;
  /** Letters match in either case; the pieces are in lower case and hold for values of ASCII only. */
  readonly fold: boolean;
}

/** Most alternatives kept of a pattern such as `a|b|c`. */
const ALTERNATIVES_MAX = 500_000;
/** Most alternatives with a gap: beyond that one automaton beats a scan for each. */
const GAPPED_MAX = 256;
/** Most alternatives that arise from multiplying two lists, as in `(a|b)(c|d)`. */
const PRODUCT_MAX = 256;
/** Most characters a class such as `[a-f]` is spelled out to. */
const CLASS_MAX = 64;
/** Most pieces of one glob. */
const PIECES_MAX = 64;
const DEPTH_MAX = 100;
/** Most globs built on the way, so that a hostile pattern costs bounded time: so many, and some per character. */
const WORK_MAX = 100_000, WORK_PER_CHARACTER_MAX = 2;

/** A part of a pattern. `globs` undefined: valid syntax, but not expressible as globs. */
interface Part {
  readonly globs: readonly Glob[] | undefined;
  readonly prefix: string;
}

const UNKNOWN: RegexpShape = { globs: undefined, prefix: "", fold: false };
const OPAQUE: Part = { globs: undefined, prefix: "" };
const ANY_OR_NONE: Part = { globs: [{ pieces: ["", ""], gaps: [0] }], prefix: "" };
const ANY: Part = { globs: [{ pieces: ["", ""], gaps: [1] }], prefix: "" };

/** Thrown where the analysis stops; the pattern may still be a valid regexp. */
const NOT_UNDERSTOOD = Symbol("regexp syntax that the analysis leaves alone");

/**
 * Analyses a fully anchored RE2 pattern whose dot matches newlines. A pattern that comes back with `globs`
 * is valid RE2 syntax; of any other nothing is promised about its validity. Takes time linear in the pattern.
 */
export function shapeOf(pattern: string): RegexpShape {
  if (!pattern.isWellFormed()) return UNKNOWN;
  try {
    return new ShapeParser(pattern).parse();
  } catch (reason) {
    if (reason === NOT_UNDERSTOOD) return UNKNOWN;
    throw reason;
  }
}

class ShapeParser {
  readonly #pattern: string;
  readonly #groupNames = new Set<string>();
  #at = 0;
  #fold = false;
  #work = 0;
  readonly #workMax: number;
  #foldedLetters = false;
  #exactLetters = false;

  constructor(pattern: string) {
    this.#pattern = pattern;
    this.#workMax = WORK_MAX + WORK_PER_CHARACTER_MAX * pattern.length;
  }

  parse(): RegexpShape {
    const { globs, prefix } = this.#alternation(0);
    if (this.#at < this.#pattern.length) throw NOT_UNDERSTOOD; // a ")" that was never opened
    if (!this.#foldedLetters) return { globs, prefix, fold: false };
    return this.#exactLetters ? UNKNOWN : { globs, prefix: "", fold: true };
  }

  #alternation(depth: number): Part {
    if (depth > DEPTH_MAX) throw NOT_UNDERSTOOD;
    const branches = [this.#concatenation(depth)];
    while (this.#take("|")) branches.push(this.#concatenation(depth));
    return branches.length === 1 ? branches[0] : this.#union(branches);
  }

  #concatenation(depth: number): Part {
    let part = literal("");
    let run = ""; // literal characters not yet in `part`
    // Anchored anyway, so a leading ^ and a trailing $ add nothing at the top.
    if (depth === 0) this.#take("^");
    for (;;) {
      const char = this.#peek();
      if (char === "" || char === "|" || char === ")") break;
      if (char === "$") {
        this.#at++;
        if (depth > 0 || !["", "|"].includes(this.#peek())) throw NOT_UNDERSTOOD;
        break;
      }
      const atom = this.#atom(char, depth);
      if (atom === undefined) continue;
      if (typeof atom === "string" && !"*+?{".includes(this.#peek() || " ")) {
        run += atom;
        continue;
      }
      const quantified = this.#quantified(typeof atom === "string" ? literal(atom) : atom);
      part = this.#concat(this.#concat(part, literal(run)), quantified);
      run = "";
    }
    return this.#concat(part, literal(run));
  }

  /** The next atom: a literal character, another part, or undefined for flags alone. */
  #atom(char: string, depth: number): string | Part | undefined {
    switch (char) {
      case "(":
        return this.#group(depth);
      case "[":
        return this.#class();
      case "\\":
        return this.#escape();
      case ".":
        this.#at++;
        if (this.#take("*")) return this.#endOfQuantifier(ANY_OR_NONE);
        if (this.#take("+")) return this.#endOfQuantifier(ANY);
        return OPAQUE;
      case "*":
      case "+":
      case "?":
      case "{":
      case "^":
        throw NOT_UNDERSTOOD;
      default:
        this.#at += char.length;
        return this.#literal(char);
    }
  }

  #group(depth: number): Part | undefined {
    const open = this.#match(/\((?:\?(?:P?<(\w+)>|(i|s|is|si|):|(i|s|is|si)\)))?/y);
    if (open === undefined || (open[0] === "(" && this.#peek() === "?")) throw NOT_UNDERSTOOD;
    const [, name, groupFlags, flags] = open;
    if (flags !== undefined) {
      if (flags.includes("i")) this.#fold = true;
      return undefined;
    }
    if (name !== undefined) {
      if (this.#groupNames.has(name)) throw NOT_UNDERSTOOD;
      this.#groupNames.add(name);
    }
    const fold = this.#fold;
    if (groupFlags?.includes("i")) this.#fold = true;
    const part = this.#alternation(depth + 1);
    this.#fold = fold; // flags end with their group
    if (!this.#take(")")) throw NOT_UNDERSTOOD;
    return part;
  }

  #escape(): string | Part {
    const char = this.#pattern[this.#at + 1] ?? "";
    if (!/^[\x21-\x7e ]$/.test(char)) throw NOT_UNDERSTOOD;
    this.#at += 2;
    if ("dwsDWS".includes(char)) return OPAQUE;
    if (/[A-Za-z0-9]/.test(char)) throw NOT_UNDERSTOOD;
    return char;
  }

  /** `[abc]` and `[a-f]` as alternatives; larger, negated and escaped classes are opaque. */
  #class(): Part {
    const simple = this.#match(/\[([^\]\\^[][^\]\\[]*)\]/y);
    if (simple === undefined) {
      if (
        this.#match(/\[\^?(?:\\[dwsDWS]|\\[^A-Za-z0-9]|[^\]\\[^])(?:\\[dwsDWS]|\\[^A-Za-z0-9]|[^\]\\[])*\]/y)
      ) {
        return OPAQUE;
      }
      throw NOT_UNDERSTOOD;
    }
    const chars = [...simple[1]];
    const members: Part[] = [];
    for (let i = 0; i < chars.length; i++) {
      const first = chars[i].codePointAt(0)!;
      let last = first;
      if (chars[i + 1] === "-" && i + 2 < chars.length) {
        last = chars[i + 2].codePointAt(0)!;
        if (last < first) throw NOT_UNDERSTOOD;
        i += 2;
      }
      if (members.length + last - first >= CLASS_MAX || (first < 0xd800 && last > 0xdfff)) return OPAQUE;
      for (let code = first; code <= last; code++) {
        const member = this.#literal(String.fromCodePoint(code));
        members.push(typeof member === "string" ? literal(member) : member);
      }
    }
    return this.#union(members);
  }

  #literal(char: string): string | Part {
    const isLetter = /^[A-Za-z]$/.test(char);
    if (!this.#fold) {
      if (isLetter) this.#exactLetters = true;
      return char;
    }
    if (char > "\x7f") return OPAQUE; // folds in ways of its own
    if (isLetter) this.#foldedLetters = true;
    return char.toLowerCase();
  }

  #quantified(part: Part): Part {
    if (this.#take("?")) return this.#endOfQuantifier(this.#union([part, literal("")]));
    if (this.#take("+")) return this.#endOfQuantifier({ globs: undefined, prefix: part.prefix });
    if (this.#take("*") || this.#match(/\{\d+(?:,\d*)?\}/y)) return this.#endOfQuantifier(OPAQUE);
    if (this.#peek() === "{") throw NOT_UNDERSTOOD;
    return part;
  }

  /** Skips the `?` of a lazy quantifier, which decides what groups capture but not whether a value matches. */
  #endOfQuantifier(part: Part): Part {
    this.#take("?");
    if ("*+?{".includes(this.#peek() || " ")) throw NOT_UNDERSTOOD;
    return part;
  }

  #concat(a: Part, b: Part): Part {
    const prefix = isLiteral(a) ? a.prefix + b.prefix : a.prefix;
    const opaque = { globs: undefined, prefix };
    if (a.globs === undefined || b.globs === undefined) return opaque;
    const count = a.globs.length * b.globs.length;
    const multiplies = a.globs.length > 1 && b.globs.length > 1;
    this.#work += count;
    if (this.#work > this.#workMax || (multiplies && count > PRODUCT_MAX)) return opaque;
    const globs: Glob[] = [];
    for (const head of a.globs) {
      for (const tail of b.globs) {
        const glob = join(head, tail);
        if (glob === undefined) return opaque;
        globs.push(glob);
      }
    }
    return { globs, prefix };
  }

  #union(parts: readonly Part[]): Part {
    const prefix = parts.map((part) => part.prefix).reduce(commonPrefix);
    const globs: Glob[] = [];
    for (const part of parts) {
      if (part.globs === undefined) return { globs: undefined, prefix };
      for (const glob of part.globs) globs.push(glob);
    }
    this.#work += globs.length;
    const gapped = globs.reduce((count, glob) => count + (glob.gaps.length > 0 ? 1 : 0), 0);
    const fits = globs.length <= ALTERNATIVES_MAX && gapped <= GAPPED_MAX && this.#work <= this.#workMax;
    return { globs: fits ? globs : undefined, prefix };
  }

  /** The next character, or "" at the end. */
  #peek(): string {
    const code = this.#pattern.codePointAt(this.#at);
    return code === undefined ? "" : String.fromCodePoint(code);
  }

  #take(char: string): boolean {
    if (this.#pattern[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  /** Matches a sticky regexp here and moves past it. */
  #match(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.#at;
    const match = sticky.exec(this.#pattern);
    if (match === null) return undefined;
    this.#at = sticky.lastIndex;
    return match;
  }
}

function literal(text: string): Part {
  return { globs: [{ pieces: [text], gaps: [] }], prefix: text };
}

function isLiteral(part: Part): boolean {
  return part.globs?.length === 1 && part.globs[0].gaps.length === 0;
}

/** `head` followed by `tail`; undefined if that is too long, or where two gaps meet whose sum is 2. */
function join(head: Glob, tail: Glob): Glob | undefined {
  if (head.pieces.length + tail.pieces.length > PIECES_MAX) return undefined;
  const seam = head.pieces.at(-1)! + tail.pieces[0];
  if (seam !== "" || head.gaps.length === 0 || tail.gaps.length === 0) {
    return {
      pieces: [...head.pieces.slice(0, -1), seam, ...tail.pieces.slice(1)],
      gaps: [...head.gaps, ...tail.gaps],
    };
  }
  const before = head.gaps.at(-1)!, after = tail.gaps[0];
  if (before === 1 && after === 1) return undefined;
  return {
    pieces: [...head.pieces.slice(0, -1), ...tail.pieces.slice(1)],
    gaps: [...head.gaps.slice(0, -1), before === 1 ? 1 : after, ...tail.gaps.slice(1)],
  };
}

function commonPrefix(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  const lastUnit = length > 0 ? a.charCodeAt(length - 1) : 0;
  if (lastUnit >= 0xd800 && lastUnit < 0xdc00) length--; // never half of a surrogate pair
  return a.slice(0, length);
}
