import { Matcher, type MatchType } from "../labels/matcher.ts";
import { METRIC_NAME } from "../labels/labels.ts";
import type { VectorSelector } from "./ast.ts";
import { unquote } from "./string_literal.ts";
import type { Token } from "./token.ts";
import type { TokenStream } from "./token_stream.ts";

/** The selector whose metric name is `name`, with its braces if there are any. */
export function parseNamedSelector(tokens: TokenStream, name: Token): VectorSelector {
  const nameMatcher = new Matcher("=", METRIC_NAME, name.text);
  if (tokens.peek().type !== "{") return vectorSelector(name.text, [nameMatcher], name.start, name.end);
  const { matchers, end } = parseMatchers(tokens);
  return vectorSelector(name.text, [...matchers, nameMatcher], name.start, end);
}

/** The selector that consists of braces only; a `{` comes next. */
export function parseBareSelector(tokens: TokenStream): VectorSelector {
  const { start } = tokens.peek();
  const { matchers, end } = parseMatchers(tokens);
  return vectorSelector("", matchers, start, end);
}

function vectorSelector(
  name: string,
  matchers: readonly Matcher[],
  start: number,
  end: number,
): VectorSelector {
  const span = { start, end };
  const modifiers = { offsetMs: 0, offsetExpr: null, at: null, isAnchored: false, isSmoothed: false };
  return { kind: "vectorSelector", name, matchers, ...modifiers, span };
}

function parseMatchers(tokens: TokenStream): { matchers: Matcher[]; end: number } {
  tokens.expect("{");
  const matchers: Matcher[] = [];
  for (;;) {
    const { type, end } = tokens.peek();
    if (type === "}") {
      tokens.take();
      return { matchers, end };
    }
    matchers.push(parseMatcher(tokens));
    if (tokens.peek().type === "}") continue;
    tokens.expect(",", { within: "label matching", expected: '"," or "}"' });
    // A comma may come last, but not stand alone.
  }
}

function parseMatcher(tokens: TokenStream): Matcher {
  const label = tokens.peek();
  if (label.type !== "identifier" && label.type !== "string") {
    tokens.unexpected({ within: "label matching", expected: 'identifier or "}"' });
  }
  tokens.take();
  const name = label.type === "string" ? unquote(label.text) : label.text;
  const operator = tokens.peek();
  if (!isMatchOperator(operator)) {
    // A string on its own is the metric name.
    if (label.type === "string") return new Matcher("=", METRIC_NAME, name);
    tokens.unexpected({ within: "label matching", expected: "label matching operator" });
  }
  tokens.take();
  const value = tokens.expect("string", { within: "label matching", expected: "string" });
  try {
    return new Matcher(operator.type, name, unquote(value.text));
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    return tokens.fail({ start: label.start, end: value.end }, cause.message, { cause });
  }
}

function isMatchOperator(token: Token): token is Token & { type: MatchType } {
  return token.type === "=" || token.type === "!=" || token.type === "=~" || token.type === "!~";
}
