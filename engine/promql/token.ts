import { quote } from "../labels/labels.ts";

/**
 * What a token is: one of the classes below, or the canonical text of an operator, keyword or punctuation mark
 * (keywords in lower case).
 */
export type TokenType =
  | "eof"
  | "identifier"
  | "metric identifier"
  | "string"
  | "number"
  | "duration"
  | Punctuation
  | MatchOperator
  | BinaryOperator
  | Aggregator
  | Keyword
  | WindowKeyword;

export interface Token {
  readonly type: TokenType;
  /** The text as written. */
  readonly text: string;
  /** Offsets in the query, `end` exclusive. */
  readonly start: number;
  readonly end: number;
}

type Punctuation = "(" | ")" | "{" | "}" | "[" | "]" | "," | ":" | "@";
type MatchOperator = "=" | "!=" | "=~" | "!~";
export type BinaryOperator = typeof BINARY_OPERATORS[number];
export type Aggregator = typeof AGGREGATORS[number];
type Keyword = typeof KEYWORDS[number];
/** Keywords that are functions in expressions, some of them also part of `@` modifiers and duration expressions. */
export type WindowKeyword = typeof WINDOW_KEYWORDS[number];

const BINARY_OPERATORS = [
  ...["+", "-", "*", "/", "%", "^"] as const,
  ...["==", "!=", "<", "<=", ">", ">=", "</", ">/"] as const,
  ...["and", "or", "unless", "atan2"] as const,
] as const;

const AGGREGATORS = [
  ...["sum", "avg", "count", "min", "max", "group", "stddev", "stdvar", "topk", "bottomk"] as const,
  ...["count_values", "quantile", "limitk", "limit_ratio"] as const,
] as const;

const KEYWORDS = [
  ...[
    "offset",
    "smoothed",
    "anchored",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
  ] as const,
  ...["fill", "fill_left", "fill_right", "bool"] as const,
] as const;

const WINDOW_KEYWORDS = ["start", "end", "step", "range", "max_of", "min_of"] as const;

const OPERATOR_TYPES: ReadonlySet<TokenType> = new Set<TokenType>([...BINARY_OPERATORS, "=~", "!~", "@"]);
const AGGREGATOR_TYPES: ReadonlySet<TokenType> = new Set(AGGREGATORS);
const KEYWORD_TYPES: ReadonlySet<TokenType> = new Set(KEYWORDS);
const WINDOW_TYPES: ReadonlySet<TokenType> = new Set(WINDOW_KEYWORDS);
const CLASSES: ReadonlySet<TokenType> = new Set(
  ["eof", "identifier", "metric identifier", "string", "number", "duration"] as const,
);

/** What the words of PromQL are, in lower case; any other word is an identifier. */
export const WORDS: ReadonlyMap<string, TokenType> = new Map<string, TokenType>([
  ...[...["and", "or", "unless", "atan2"] as const, ...AGGREGATORS, ...KEYWORDS, ...WINDOW_KEYWORDS]
    .map((word): [string, TokenType] => [word, word]),
  ["inf", "number"],
  ["nan", "number"],
]);

const NAME_TYPES: readonly TokenType[] = [
  ...["identifier", "metric identifier"] as const,
  ...[...WORDS.values()].filter((type) => type !== "number"),
];
const NOT_METRIC_NAMES: readonly TokenType[] = [
  "bool",
  "on",
  "ignoring",
  "group_left",
  "group_right",
  "atan2",
];
const METRIC_NAME_TYPES: ReadonlySet<TokenType> = new Set(
  NAME_TYPES.filter((type) => !NOT_METRIC_NAMES.includes(type)),
);
const GROUPING_LABEL_TYPES: ReadonlySet<TokenType> = new Set(NAME_TYPES.filter((type) => type !== "without"));
const EXPRESSION_STARTS: ReadonlySet<TokenType> = new Set<TokenType>(
  [...METRIC_NAME_TYPES, "number", "duration", "string", "(", "{", "+", "-"],
);

export function isAggregator(type: TokenType): type is Aggregator {
  return AGGREGATOR_TYPES.has(type);
}

export function isWindowKeyword(type: TokenType): type is WindowKeyword {
  return WINDOW_TYPES.has(type);
}

/** Whether a token can be a metric's name at the start of a selector. */
export function isMetricName(type: TokenType): boolean {
  return METRIC_NAME_TYPES.has(type);
}

/** Whether a token can be a label in `by (…)`, `on (…)` and the like. */
export function isGroupingLabel(type: TokenType): boolean {
  return GROUPING_LABEL_TYPES.has(type);
}

export function startsExpression(type: TokenType): boolean {
  return EXPRESSION_STARTS.has(type);
}

/** The token as error messages name it: `<op:+>`, `identifier "foo"`, `"("`. */
export function describeToken({ type, text }: Token): string {
  if (type === "eof") return "end of input";
  if (KEYWORD_TYPES.has(type)) return `<${text}>`;
  if (OPERATOR_TYPES.has(type)) return `<op:${text}>`;
  if (AGGREGATOR_TYPES.has(type)) return `<aggr:${text}>`;
  const isName = type === "identifier" || type === "metric identifier";
  const shown = !isName && text.length > 10 ? quote([...text].slice(0, 10).join("")) + "..." : quote(text);
  return CLASSES.has(type) ? `${type} ${shown}` : shown;
}
