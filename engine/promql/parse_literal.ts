import type { NumberLiteral } from "./ast.ts";
import { msToSeconds, parseDuration } from "../duration.ts";
import { parseNumber } from "./number_literal.ts";
import type { TokenStream } from "./token_stream.ts";

/** The number or duration that comes next in `tokens`, without a sign. */
export function parseLiteral(tokens: TokenStream): NumberLiteral {
  const token = tokens.take();
  const { start, end, text, type } = token;
  try {
    const value = type === "duration" ? msToSeconds(parseDuration(text)) : parseNumber(text);
    return { kind: "numberLiteral", value, isDuration: type === "duration", span: { start, end } };
  } catch (cause) {
    if (!(cause instanceof RangeError || cause instanceof SyntaxError)) throw cause;
    return tokens.fail(token, cause.message, { cause });
  }
}
