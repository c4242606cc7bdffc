import { Lexer } from "./lexer.ts";
import type { Span } from "./position.ts";
import { PromQLSyntaxError } from "./promql_syntax_error.ts";
import { describeToken, type Token, type TokenType } from "./token.ts";

/** How deeply expressions may nest, in parsing and as a tree: a level takes up to 10 kB while a query is evaluated. */
export const NESTING_MAX = 30_000;

/** What an unexpected token is reported in, and what could have stood there. */
export interface Context {
  readonly within: string;
  readonly expected?: string;
}

/** The tokens of one query with one token of lookahead, which is read as late as possible. */
export class TokenStream {
  readonly query: string;
  /** What surrounds the current token, for `unexpected`. */
  context: Context | undefined;
  readonly #lexer: Lexer;
  #ahead: Token | undefined;
  #nesting = 0;

  constructor(query: string) {
    this.query = query;
    this.#lexer = new Lexer(query);
  }

  peek(): Token {
    return this.#ahead ??= this.#lexer.next();
  }

  take(): Token {
    const token = this.peek();
    this.#ahead = undefined;
    return token;
  }

  /** Takes the next token if it is of `type`. */
  takeIf(type: TokenType): Token | undefined {
    return this.peek().type === type ? this.take() : undefined;
  }

  /** Takes the next token, which has to be of `type`. */
  expect(type: TokenType, context = this.context): Token {
    return this.takeIf(type) ?? this.unexpected(context);
  }

  /** Marks the start of a nested expression; `leave` marks its end. */
  enter(): void {
    if (++this.#nesting > NESTING_MAX) this.failNesting(this.peek());
  }

  leave(): void {
    this.#nesting--;
  }

  failNesting(span: Span): never {
    this.fail(span, `expression nested more than ${NESTING_MAX} levels deep, use fewer operators in a row`);
  }

  unexpected(context = this.context): never {
    const token = this.peek();
    const within = context ? ` in ${context.within}` : "";
    const expected = context?.expected ? `, expected ${context.expected}` : "";
    this.fail(token, `unexpected ${describeToken(token)}${within}${expected}`);
  }

  fail({ start, end }: Span, reason: string, options?: ErrorOptions): never {
    throw new PromQLSyntaxError(this.query, { start, end }, reason, options);
  }
}
