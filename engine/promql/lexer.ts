import { scanNumberOrDuration } from "./lexer_number.ts";
import { PromQLSyntaxError } from "./promql_syntax_error.ts";
import { charAt, quoteRune, scanString } from "./string_literal.ts";
import { type Token, type TokenType, WORDS } from "./token.ts";

/**
 * Cuts a query into tokens, on demand. Three grammars follow each other in one text: expressions, the inside of
 * braces, and durations from a `[` to their first number; messages differ between them as upstream's do.
 */
export class Lexer {
  readonly #input: string;
  #at = 0;
  #start = 0;
  #parenDepth = 0;
  #isInBraces = false;
  #isInBrackets = false;
  /** Directly behind a `[`, up to and including its first number. */
  #isInDuration = false;
  #hasColon = false;
  /** Whether any `[` so far held a number: upstream never resets it, and so neither do we. */
  #hasDuration = false;

  constructor(input: string) {
    this.#input = input;
  }

  /** The next token; comments and white space are skipped. @throws {PromQLSyntaxError} */
  next(): Token {
    this.#skipBlank();
    this.#start = this.#at;
    if (this.#isInDuration) return this.#nextInDuration();
    if (this.#isInBraces) return this.#nextInBraces();
    return this.#nextInExpression();
  }

  #skipBlank(): void {
    for (;;) {
      while (isSpace(this.#input[this.#at])) this.#at++;
      if (this.#input[this.#at] !== "#" || this.#isInDuration) return;
      while (this.#at < this.#input.length && !/[\r\n]/.test(this.#input[this.#at])) this.#at++;
    }
  }

  #nextInExpression(): Token {
    const char = charAt(this.#input, this.#at);
    switch (char) {
      case "":
        if (this.#parenDepth !== 0) this.#fail("unclosed left parenthesis");
        if (this.#isInBrackets) this.#fail("unclosed left bracket");
        return this.#emit("eof", 0);
      case ",":
      case "*":
      case "/":
      case "%":
      case "+":
      case "-":
      case "^":
      case "@":
        return this.#emit(char, 1);
      case "=":
        if (this.#after(1) === "~") this.#fail("unexpected character after '=': '~'");
        return this.#after(1) === "=" ? this.#emit("==", 2) : this.#emit("=", 1);
      case "!":
        if (this.#after(1) !== "=") {
          this.#fail(`unexpected character after '!': ${quoteRune(this.#after(1))}`);
        }
        return this.#emit("!=", 2);
      case "<":
      case ">": {
        const second = this.#after(1);
        return second === "=" || second === "/" ? this.#emit(`${char}${second}`, 2) : this.#emit(char, 1);
      }
      case '"':
      case "'":
      case "`":
        return this.#string();
      case "(":
      case ")":
        return this.#paren(char);
      case "{":
        this.#isInBraces = true;
        return this.#emit("{", 1);
      case "[":
        if (this.#isInBrackets) this.#fail(`unexpected left bracket '['`);
        this.#isInBrackets = true;
        this.#isInDuration = true;
        this.#hasColon = false;
        return this.#emit("[", 1);
      case "]":
        if (!this.#isInBrackets) this.#fail(`unexpected right bracket ']'`);
        this.#isInBrackets = false;
        return this.#emit("]", 1);
    }
    if (this.#isAtNumber(char)) return this.#numberOrDuration();
    if (!isLetter(char) && char !== ":") this.#fail(`unexpected character: ${quoteRune(char)}`);
    return this.#isInBrackets ? this.#wordInBrackets(char) : this.#word();
  }

  #nextInDuration(): Token {
    const char = charAt(this.#input, this.#at);
    switch (char) {
      case "":
        return this.#fail("unexpected end of input in duration expression");
      case "]":
        this.#isInBrackets = false;
        this.#isInDuration = false;
        this.#hasColon = false;
        return this.#emit("]", 1);
      case ":":
        this.#start++; // upstream reports the place behind the colon
        if (!this.#hasDuration) this.#fail("unexpected colon before duration in duration expression");
        if (this.#hasColon) this.#fail("unexpected repeated colon in duration expression");
        this.#start--;
        this.#hasColon = true;
        return this.#emit(":", 1);
      case "(":
      case ")":
        return this.#paren(char);
      case "+":
      case "-":
      case "*":
      case "/":
      case "%":
      case "^":
      case ",":
        return this.#emit(char, 1);
    }
    if (this.#isAtNumber(char)) {
      this.#hasDuration = true;
      this.#isInDuration = false;
      return this.#numberOrDuration();
    }
    return this.#durationKeyword() ??
      this.#fail(`unexpected character in duration expression: ${quoteRune(char)}`);
  }

  #nextInBraces(): Token {
    const char = charAt(this.#input, this.#at);
    switch (char) {
      case "":
        return this.#fail("unexpected end of input inside braces");
      case ",":
        return this.#emit(",", 1);
      case '"':
      case "'":
      case "`":
        return this.#string();
      case "=":
        return this.#after(1) === "~" ? this.#emit("=~", 2) : this.#emit("=", 1);
      case "!": {
        const second = this.#after(1);
        if (second === "~" || second === "=") return this.#emit(`!${second}`, 2);
        return this.#fail(`unexpected character after '!' inside braces: ${quoteRune(second)}`);
      }
      case "{":
        return this.#fail("unexpected left brace '{'");
      case "}":
        this.#isInBraces = false;
        return this.#emit("}", 1);
    }
    if (!isLetter(char)) this.#fail(`unexpected character inside braces: ${quoteRune(char)}`);
    return this.#emit("identifier", this.#match(/\w+/y).length);
  }

  #paren(char: "(" | ")"): Token {
    const token = this.#emit(char, 1);
    this.#parenDepth += char === "(" ? 1 : -1;
    if (this.#parenDepth < 0) {
      this.#start = this.#at; // upstream reports the place behind the parenthesis
      this.#fail("unexpected right parenthesis ')'");
    }
    return token;
  }

  #string(): Token {
    const end = scanString(this.#input, this.#at);
    return typeof end === "string" ? this.#fail(end) : this.#emit("string", end - this.#at);
  }

  #isAtNumber(char: string): boolean {
    return isDigit(char) || (char === "." && isDigit(this.#after(1)));
  }

  #numberOrDuration(): Token {
    const { type, end } = scanNumberOrDuration(this.#input, this.#at);
    if (type !== "invalid") return this.#emit(type, end - this.#at);
    return this.#fail(`bad number or duration syntax: "${this.#input.slice(this.#at, end)}"`);
  }

  #wordInBrackets(char: string): Token {
    if (char === ":") {
      if (this.#hasColon) this.#fail(`unexpected colon ':'`);
      this.#hasColon = true;
      return this.#emit(":", 1);
    }
    return this.#durationKeyword() ?? this.#fail(`unexpected character: ${quoteRune(char)}, expected ':'`);
  }

  #durationKeyword(): Token | undefined {
    const word = this.#match(/[a-z_]*/iy);
    const type = /^(?:step|range|max_of|min_of)$/i.test(word) ? WORDS.get(word.toLowerCase()) : undefined;
    return type && this.#emit(type, word.length);
  }

  #word(): Token {
    const word = this.#match(/[\w:]+/y);
    const type = WORDS.get(word.toLowerCase());
    // fill was a fine metric name before it was a modifier, and stays one where no value follows.
    const isName = type === undefined ||
      (type.startsWith("fill") && !this.#isFollowedByParen(this.#at + word.length));
    if (!isName) return this.#emit(type, word.length);
    return this.#emit(word.includes(":") ? "metric identifier" : "identifier", word.length);
  }

  #isFollowedByParen(at: number): boolean {
    while (isSpace(this.#input[at])) at++;
    return this.#input[at] === "(";
  }

  #match(sticky: RegExp): string {
    sticky.lastIndex = this.#at;
    return sticky.exec(this.#input)?.[0] ?? "";
  }

  /** The character `count` code units further on, "" past the end. */
  #after(count: number): string {
    return charAt(this.#input, this.#at + count);
  }

  #emit(type: TokenType, length: number): Token {
    const start = this.#at;
    this.#at += length;
    return { type, text: this.#input.slice(start, this.#at), start, end: this.#at };
  }

  #fail(reason: string): never {
    throw new PromQLSyntaxError(this.#input, { start: this.#start, end: this.#input.length }, reason);
  }
}

function isSpace(char: string | undefined): boolean {
  return char === " " || char === "\t" || char === "\n" || char === "\r";
}

function isDigit(char: string): boolean {
  return char >= "0" && char <= "9" && char.length === 1;
}

function isLetter(char: string): boolean {
  return /^[A-Za-z_]$/.test(char);
}
