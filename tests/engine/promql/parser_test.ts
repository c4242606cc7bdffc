import assert from "node:assert/strict";
import fc from "fast-check";
import { typeOf } from "../../../engine/promql/ast.ts";
import { parseExpr, parseMetricSelector, type ParserOptions } from "../../../engine/promql/parser.ts";
import { print } from "../../../engine/promql/print.ts";
import { PromQLSyntaxError } from "../../../engine/promql/promql_syntax_error.ts";

const EVERYTHING: ParserOptions = {
  enableExperimentalFunctions: true,
  enableExtendedRangeSelectors: true,
  enableBinopFillModifiers: true,
};

function messageOf(query: string, options = EVERYTHING): string {
  try {
    parseExpr(query, options);
  } catch (error) {
    assert.ok(error instanceof PromQLSyntaxError, `${query}: ${error}`);
    return error.message;
  }
  return "no error";
}

/** The tree as S-expressions, enough to see what binds to what. */
function shape(query: string): string {
  const show = (expr: ReturnType<typeof parseExpr>): string => {
    switch (expr.kind) {
      case "numberLiteral":
        return String(expr.value);
      case "stringLiteral":
        return JSON.stringify(expr.value);
      case "vectorSelector":
        return expr.name + (expr.offsetMs ? `~${expr.offsetMs}` : "") + (expr.offsetExpr ? "~?" : "");
      case "matrixSelector":
        return `(range ${show(expr.selector)})`;
      case "subquery":
        return `(subquery ${show(expr.expr)})`;
      case "call":
        return `(${[expr.func.name, ...expr.args.map(show)].join(" ")})`;
      case "aggregation":
        return `(${expr.op} ${show(expr.expr)})`;
      case "binary":
        return `(${expr.op} ${show(expr.lhs)} ${show(expr.rhs)})`;
      case "unary":
        return `(${expr.op} ${show(expr.expr)})`;
      case "paren":
        return show(expr.expr);
    }
  };
  return show(parseExpr(query, EVERYTHING));
}

Deno.test("parseExpr() binds operators by upstream's precedences", () => {
  for (
    const [query, want] of [
      ["a + b * c", "(+ a (* b c))"],
      ["a * b + c", "(+ (* a b) c)"],
      ["a - b - c", "(- (- a b) c)"],
      ["2 ^ 3 ^ 2", "(^ 2 (^ 3 2))"],
      ["-a ^ b", "(- (^ a b))"],
      ["-2 ^ 2", "(- (^ 2 2))"],
      ["2 ^ -a * b", "(* (^ 2 (- a)) b)"],
      ["-a * b", "(* (- a) b)"],
      ["-1 * b", "(* -1 b)"],
      ["--a", "(- (- a))"],
      ["a % b atan2 c / d", "(/ (atan2 (% a b) c) d)"],
      ["a == b + c", "(== a (+ b c))"],
      ["a </ 1 > 2", "(> (</ a 1) 2)"],
      ["a or b and c unless d", "(or a (unless (and b c) d))"],
      ["a and b == c", "(and a (== b c))"],
      ["-a offset 5m", "(- a~300000)"],
      ["a + b offset 5 * 2", "(+ a (* b~5000 2))"],
      ["a offset -2 ^ 2", "(^ a~-2000 2)"],
      ["a offset step() * 2", "(* a~? 2)"],
      ["a offset -(1 + 2) * 2", "(* a~? 2)"],
      ["a offset (1 + 2) * 2", "a~?"],
      ["rate(a[5m])[1h:] @ 5 offset 1m", "(subquery (rate (range a)))"],
      ["sum by (x) (a) + b", "(+ (sum a) b)"],
      ["topk(3, a) by (x) ^ b", "(^ (topk a) b)"],
    ]
  ) assert.equal(shape(query), want, query);
});

Deno.test("parseExpr() takes keywords as metric names and labels wherever upstream does", () => {
  for (
    const query of [
      ...[
        "sum",
        "by",
        "without",
        "offset",
        "and",
        "fill",
        "fill_left",
        "start",
        "step",
        "max_of",
        "anchored",
      ],
      ...[
        "sum{a='b'}",
        "fill + fill",
        "offset offset 5m",
        "and and and",
        "or or or",
        "start @ start()",
        ":a:",
        "_",
      ],
      ...[
        "sum by (sum, by, on, bool, offset, group_left, atan2, and, a:b) (x)",
        "x{sum='1',on='2',without='3'}",
      ],
      ...[
        "a + on (on) group_left (by) b",
        "sum by () (a)",
        "infinity",
        "a + fill (1) b",
        "count_values('x', a)",
      ],
    ]
  ) assert.equal(messageOf(query), "no error", query);
});

Deno.test("parseExpr() keeps matchers, modifiers and matching", () => {
  const selector = parseExpr(`up{b!="1", "é"=~"x|y"} @ 1.0015 offset -1m30s smoothed`, EVERYTHING);
  assert.ok(selector.kind === "vectorSelector");
  assert.deepEqual(selector.matchers.map(String), [`b!="1"`, `"é"=~"x|y"`, `__name__="up"`]);
  assert.deepEqual(selector.at, { timestampMs: 1002 });
  assert.equal(selector.offsetMs, -90_000);
  assert.deepEqual([selector.isAnchored, selector.isSmoothed], [false, true]);

  const subquery = parseExpr("a[1h:90] @ end() offset 1w");
  assert.ok(subquery.kind === "subquery");
  assert.deepEqual([subquery.rangeMs, subquery.stepMs, subquery.offsetMs], [3_600_000, 90_000, 604_800_000]);
  assert.deepEqual(subquery.at, { startOrEnd: "end" });

  const matchingOf = (query: string) => {
    const expr = parseExpr(query, EVERYTHING);
    return expr.kind === "binary" ? expr.matching : undefined;
  };
  const none = { lhs: null, rhs: null };
  assert.deepEqual(matchingOf("a + b"), {
    card: "one-to-one",
    labels: [],
    isOn: false,
    include: [],
    fill: none,
  });
  assert.deepEqual(matchingOf("a and on (x) b"), {
    card: "many-to-many",
    labels: ["x"],
    isOn: true,
    include: [],
    fill: none,
  });
  assert.deepEqual(matchingOf("a > bool ignoring (x) group_right (y) fill_right (-1) fill_left (2m) b"), {
    card: "one-to-many",
    labels: ["x"],
    isOn: false,
    include: ["y"],
    fill: { lhs: 120, rhs: -1 },
  });
  assert.equal(matchingOf("a + 1"), null);
  assert.equal(matchingOf("1 + a"), null);
});

Deno.test("parseExpr() gives every node its place in the query", () => {
  const query = " sum by (a) ( -rate(x{b='c'}[5m] offset 1m) ) + (2) ";
  const spans: string[] = [];
  const visit = (expr: ReturnType<typeof parseExpr>) => {
    spans.push(query.slice(expr.span.start, expr.span.end));
    if ("lhs" in expr) [expr.lhs, expr.rhs].forEach(visit);
    else if ("expr" in expr) visit(expr.expr);
    else if ("args" in expr) expr.args.forEach(visit);
    else if ("selector" in expr) visit(expr.selector);
  };
  visit(parseExpr(query));
  assert.deepEqual(spans, [
    query.trim(),
    "sum by (a) ( -rate(x{b='c'}[5m] offset 1m) )",
    "-rate(x{b='c'}[5m] offset 1m)",
    "rate(x{b='c'}[5m] offset 1m)",
    "x{b='c'}[5m] offset 1m",
    "x{b='c'}",
    "(2)",
    "2",
  ]);
});

Deno.test("typeOf() follows functions, operators and parentheses", () => {
  for (
    const [query, want] of [
      ["1", "scalar"],
      ["'a'", "string"],
      ["(-1) ^ 2 == bool time()", "scalar"],
      ["1 + a", "vector"],
      ["-(a)", "vector"],
      ["a[5m]", "matrix"],
      ["a[5m:]", "matrix"],
      ["scalar(a)", "scalar"],
      ["vector(1)", "vector"],
      ["sum(a)", "vector"],
    ]
  ) assert.equal(typeOf(parseExpr(query)), want, query);
});

const ERRORS: readonly (readonly [query: string, message: string])[] = [
  // No expression, or an incomplete one.
  ["", "unknown position: parse error: no expression found in input"],
  [" # nothing\n", "1:1: parse error: no expression found in input"],
  ["1 +", "1:4: parse error: unexpected end of input"],
  ["a\n  +\n # x\n", "4:1: parse error: unexpected end of input"],
  ["*1", "1:1: parse error: unexpected <op:*>"],
  ["1 2", '1:3: parse error: unexpected number "2"'],
  ["a b", '1:3: parse error: unexpected identifier "b"'],
  ["a a:b", '1:3: parse error: unexpected metric identifier "a:b"'],
  ["a 5m", '1:3: parse error: unexpected duration "5m"'],
  ["a 12345678901", '1:3: parse error: unexpected number "1234567890"...'],
  ["a bool b", "1:3: parse error: unexpected <bool>"],
  ["a sum", "1:3: parse error: unexpected <aggr:sum>"],
  ["é", "1:1: parse error: unexpected character: 'é'"],
  ["{'é'='a'} $", "1:12: parse error: unexpected character: '$'"], // columns count bytes
  ["a.b", "1:2: parse error: unexpected character: '.'"],
  ["a\u0001", "1:2: parse error: unexpected character: '\\x01'"],
  // Parentheses and brackets.
  ["(1", "1:3: parse error: unclosed left parenthesis"],
  ["(1))", "1:5: parse error: unexpected right parenthesis ')'"],
  ["()", '1:2: parse error: unexpected ")"'],
  ["]", "1:1: parse error: unexpected right bracket ']'"],
  ["a[5m", "1:5: parse error: unclosed left bracket"],
  ["a[", "1:3: parse error: unexpected end of input in duration expression"],
  ["a[[", "1:3: parse error: unexpected character in duration expression: '['"],
  ["a[5m[", "1:5: parse error: unexpected left bracket '['"],
  // Numbers and durations.
  ["1.2.3", '1:1: parse error: bad number or duration syntax: "1.2."'],
  ["1__0", '1:1: parse error: bad number or duration syntax: "1__"'],
  ["0b1", '1:1: parse error: bad number or duration syntax: "0"'],
  ["5mm", '1:1: parse error: bad number or duration syntax: "5mm"'],
  ["1_ ", '1:1: parse error: error parsing number: strconv.ParseFloat: parsing "1_": invalid syntax'],
  ["0x", '1:1: parse error: error parsing number: strconv.ParseFloat: parsing "0x": invalid syntax'],
  [
    "1e999",
    '1:1: parse error: error parsing number: strconv.ParseFloat: parsing "1e999": value out of range',
  ],
  ["1.5h", '1:1: parse error: unknown unit "." in duration "1.5h"'],
  ["a[5m1h]", '1:3: parse error: not a valid duration string: "5m1h"'],
  ["a[5hs]", '1:3: parse error: unknown unit "hs" in duration "5hs"'],
  ["300y", "1:1: parse error: duration out of range"],
  // Strings.
  ["'a", "1:1: parse error: unterminated quoted string"],
  ["'a\n'", "1:1: parse error: unterminated quoted string"],
  ["a == `b", "1:6: parse error: unterminated raw string"],
  ['"\\', "1:1: parse error: escape sequence not terminated"],
  ['"\\q"', "1:1: parse error: unknown escape sequence U+0071 'q'"],
  ['"\\x1g"', "1:1: parse error: illegal character U+0067 'g' in escape sequence"],
  ['"\\400"', "1:1: parse error: escape sequence is an invalid Unicode code point"],
  ['"\\ud800"', "1:1: parse error: escape sequence is an invalid Unicode code point"],
  ["'\ufffd'", "1:1: parse error: invalid UTF-8 rune"],
  ["'\ud800'", "1:1: parse error: invalid UTF-8 rune"],
  // Operators.
  ["1 !~ 2", "1:3: parse error: unexpected character after '!': '~'"],
  ["1 =~ 2", "1:3: parse error: unexpected character after '=': '~'"],
  ["1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier"],
  ["1 and a", '1:1: parse error: set operator "and" not allowed in binary scalar expression'],
  ["a + bool b", "1:3: parse error: bool modifier can only be used on comparison operators"],
  ["a >/ bool 1", "1:3: parse error: bool modifier can only be used on comparison operators"],
  ["'a' + 1", "1:1: parse error: binary expression must contain only scalar and instant vector types"],
  ["1 + a[5m]", "1:5: parse error: binary expression must contain only scalar and instant vector types"],
  [
    "-'a'",
    "1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, " +
    'got "string"',
  ],
  ["a == on (b) 1", "1:1: parse error: vector matching only allowed between instant vectors"],
  ["a + fill (0) 1", "1:1: parse error: filling in missing series only allowed between instant vectors"],
  ["a and fill (0) b", "1:1: parse error: filling in missing series not allowed for set operators"],
  ["a and on (x) group_left b", '1:1: parse error: no grouping allowed for "and" operation'],
  [
    "a + on (x) group_left (x) b",
    '1:3: parse error: label "x" must not occur in ON and GROUP clause at once',
  ],
  ["a + group_left (x) b", "1:5: parse error: unexpected <group_left>"],
  ["a + on (x) ignoring (y) b", "1:12: parse error: unexpected <ignoring>"],
  ["a + on x", '1:8: parse error: unexpected identifier "x" in grouping opts, expected "("'],
  ["a + on (x) group_left * b", '1:23: parse error: unexpected <op:*> in grouping opts, expected "("'],
  ["a + fill_left (1) fill_left (2) b", '1:29: parse error: unexpected "("'],
  // Selectors.
  ["{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"],
  [`{a!="b",c=~".*"}`, "1:1: parse error: vector selector must contain at least one non-empty matcher"],
  [`x{__name__="y"}`, '1:1: parse error: metric name must not be set twice: "x" or "y"'],
  [`x{"y"}`, '1:1: parse error: metric name must not be set twice: "x" or "y"'],
  [
    String.raw`x{"a\"\\\n"}`,
    String.raw`1:1: parse error: metric name must not be set twice: "x" or "a\"\\\n"`,
  ],
  [
    String.raw`x + on ("a\"") group_left ("a\"") y`,
    String.raw`1:3: parse error: label "a\"" must not occur in ON and GROUP clause at once`,
  ],
  ["x{", "1:3: parse error: unexpected end of input inside braces"],
  ["x{a}", '1:4: parse error: unexpected "}" in label matching, expected label matching operator'],
  ["x{a=b}", '1:5: parse error: unexpected identifier "b" in label matching, expected string'],
  ["x{,}", '1:3: parse error: unexpected "," in label matching, expected identifier or "}"'],
  [`x{a="b" c="d"}`, '1:9: parse error: unexpected identifier "c" in label matching, expected "," or "}"'],
  ["x{a:b='c'}", "1:4: parse error: unexpected character inside braces: ':'"],
  ["x{a!b}", "1:4: parse error: unexpected character after '!' inside braces: 'b'"],
  ["x{{", "1:3: parse error: unexpected left brace '{'"],
  ["x{a=~'('}", "1:3: parse error: error parsing regexp: missing closing ): `(`"],
  // Ranges and modifiers.
  [
    "a[]",
    '1:3: parse error: unexpected "]" in subquery or range selector, expected number, duration, ' +
    "step(), or range()",
  ],
  ["a[5m 3]", '1:6: parse error: unexpected number "3" in subquery or range, expected ":" or "]"'],
  ["a[5m:3 4]", '1:8: parse error: unexpected number "4" in subquery selector, expected "]"'],
  [
    "a[5m:*]",
    '1:6: parse error: unexpected <op:*> in subquery selector, expected number, duration, step(), range(), or "]"',
  ],
  ["a[5m:1:2]", "1:7: parse error: unexpected colon ':'"],
  ["a[step():1m]", "1:10: parse error: unexpected colon before duration in duration expression"],
  ["a[x]", "1:3: parse error: unexpected character in duration expression: 'x'"],
  ["a[5m x]", "1:6: parse error: unexpected character: 'x', expected ':'"],
  ["a[0]", "1:3: parse error: duration must be greater than 0"],
  ["a[5m:-1s]", "1:6: parse error: duration must be greater than 0"],
  ["a[1e11]", "1:3: parse error: duration out of range"],
  ["a offset -1e11", "1:10: parse error: duration out of range"],
  ["a offset nan", "1:10: parse error: duration out of range"],
  ["a[5m/0]", "1:5: parse error: division by zero"],
  ["a offset (5 % 0)", "1:13: parse error: modulo by zero"],
  ["1[5m]", "1:2: parse error: ranges only allowed for vector selectors"],
  ["a offset 1m[5m]", "1:12: parse error: no offset modifiers allowed before range"],
  ["a @ 1[5m]", "1:6: parse error: no @ modifiers allowed before range"],
  ["a[5m][1m:]", "1:1: parse error: subquery is only allowed on instant vector, got matrix instead"],
  [
    "a offset",
    "1:9: parse error: unexpected end of input in offset, expected number, duration, step(), or range()",
  ],
  [
    "a offset (5m) + b",
    '1:17: parse error: unexpected identifier "b" in offset, expected number, duration, step(), or range()',
  ],
  ["a offset 1m offset 2m", "1:1: parse error: offset may not be set multiple times"],
  [
    "1 offset 1m",
    "1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
  ],
  ["a @ b", '1:5: parse error: unexpected identifier "b" in @, expected timestamp'],
  ["a @ 1 @ 2", "1:1: parse error: @ <timestamp> may not be set multiple times"],
  ["a @ start() @ 2", "1:1: parse error: @ <timestamp> may not be set multiple times"],
  ["a @ -Inf", "1:1: parse error: timestamp out of bounds for @ modifier: -Inf"],
  ["a @ 1e22", "1:1: parse error: timestamp out of bounds for @ modifier: 10000000000000000000000.000000"],
  [
    "sum(a) @ 1",
    "1:1: parse error: @ modifier must be preceded by an instant vector selector or range vector selector or a subquery",
  ],
  ["a anchored smoothed", "1:1: parse error: anchored and smoothed modifiers cannot be used together"],
  ["a[5m:] smoothed", "1:1: parse error: smoothed modifier is not supported for subqueries"],
  ["1 anchored", "1:1: parse error: anchored modifier not implemented"],
  // Functions and aggregations.
  ["foo()", '1:1: parse error: unknown function with name "foo"'],
  ["Rate(a[5m])", '1:1: parse error: unknown function with name "Rate"'],
  ["toString()", '1:1: parse error: unknown function with name "toString"'],
  ["floor()", '1:1: parse error: expected 1 argument(s) in call to "floor", got 0'],
  ["hour(a, b)", '1:1: parse error: expected at most 1 argument(s) in call to "hour", got 2'],
  ["label_join(a)", '1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 1'],
  ["rate(a)", '1:6: parse error: expected type range vector in call to function "rate", got instant vector'],
  [
    "label_join(a, 'b', 'c', 1)",
    '1:25: parse error: expected type string in call to function "label_join", got scalar',
  ],
  ["rate(a[5m],)", "1:11: parse error: trailing commas not allowed in function call args"],
  ["rate(a,,b)", "1:7: parse error: trailing commas not allowed in function call args"],
  ["a:b(1)", '1:4: parse error: unexpected "("'],
  ["info(a, b)", "1:9: parse error: expected label selectors only, got vector selector instead"],
  ["info(a, 1)", '1:1: parse error: expected type instant vector in call to function "info", got scalar'],
  ["info(a, {b='c'} > 1)", "1:9: parse error: expected label selectors only"],
  ["sum()", "1:1: parse error: no arguments for aggregate expression provided"],
  [
    "sum(a, b)",
    "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 1, got 2",
  ],
  [
    "topk(a)",
    "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1",
  ],
  ["topk(a, b)", "1:6: parse error: expected type scalar in aggregation parameter, got instant vector"],
  ["count_values(1, a)", "1:14: parse error: expected type string in aggregation parameter, got scalar"],
  ["sum(1)", "1:5: parse error: expected type instant vector in aggregation expression, got scalar"],
  ["sum(a b)", '1:7: parse error: unexpected identifier "b" in aggregation'],
  ["sum((1 2))", '1:8: parse error: unexpected number "2" in aggregation'],
  ["sum(a) b", '1:8: parse error: unexpected identifier "b"'],
  ["sum by (a) b", '1:12: parse error: unexpected identifier "b" in aggregation'],
  ["sum by a (b)", '1:8: parse error: unexpected identifier "a" in grouping opts, expected "("'],
  ["sum by (a b) (c)", '1:11: parse error: unexpected identifier "b" in grouping opts, expected "," or ")"'],
  ["sum by (,) (c)", '1:9: parse error: unexpected "," in grouping opts, expected label'],
  ["sum by (without) (c)", "1:9: parse error: unexpected <without> in grouping opts, expected label"],
  [`sum by ("\\xff") (c)`, '1:9: parse error: invalid label name for grouping: "\\xff"'],
  ["sum(a) by (b) without (c)", "1:15: parse error: unexpected <without>"],
];

Deno.test("parseExpr() refuses what upstream refuses, in its words", () => {
  for (const [query, want] of ERRORS) assert.equal(messageOf(query), want, query);
});

Deno.test("parseExpr() refuses what is not enabled", () => {
  for (
    const [query, want] of [
      ["time() - start()", '1:10: parse error: function "start" is not enabled'],
      ["info(a)", '1:1: parse error: function "info" is not enabled'],
      [
        "limitk(1, a)",
        "1:1: parse error: limitk() is experimental and must be enabled with " +
        "--enable-feature=promql-experimental-functions",
      ],
      ["a[5m] anchored", "1:1: parse error: anchored modifier is experimental and not enabled"],
      ["b + a smoothed", "1:5: parse error: smoothed modifier is experimental and not enabled"],
      ["a + fill (0) b", "1:1: parse error: binop fill modifiers are experimental and not enabled"],
    ]
  ) {
    assert.equal(messageOf(query, {}), want);
    assert.equal(messageOf(query), "no error");
  }
});

Deno.test("PromQLSyntaxError tells where and what in fields", () => {
  try {
    parseExpr("'ü' +\n  é + )");
    assert.fail("parsed");
  } catch (error) {
    assert.ok(error instanceof PromQLSyntaxError);
    assert.equal(error.message, `2:3: parse error: ${error.reason}`);
    assert.deepEqual(error.at, { line: 2, column: 3, offset: 8 });
    assert.deepEqual(error.span, { start: 8, end: 13 });
    assert.equal(error.reason, "unexpected character: 'é'");
  }
});

Deno.test("parseMetricSelector() reads selectors and nothing else", () => {
  assert.deepEqual(parseMetricSelector(`sum{a="b"}`).map(String), [`a="b"`, `__name__="sum"`]);
  assert.deepEqual(parseMetricSelector("{}"), []);
  for (const text of ["", "1", "a offset 5m", "a + b", "rate(a[5m])", "bool", "'a'"]) {
    assert.throws(() => parseMetricSelector(text), PromQLSyntaxError, text);
  }
});

/** Queries that nest `count` deep or a little more, in every way there is. */
function deepQueries(count: number): string[] {
  const repeat = (text: string) => text.repeat(count);
  return [
    repeat("(1+") + "1" + repeat(")"),
    repeat("(1)+(") + "1" + repeat(")"),
    repeat("-") + "a",
    repeat("abs(") + "a" + repeat(")"),
    repeat("sum(") + "a" + repeat(") by (x)"),
    repeat("topk(1, ") + "a" + repeat(")"),
    repeat("1+") + "1",
    repeat("1^") + "1",
    repeat("rate(") + "a" + repeat("[5m:])"),
    "a[" + repeat("(1+") + "1" + repeat(")") + "]",
    "a[" + repeat("5+") + "5]",
    "a[5m:" + repeat("5^") + "5]",
    "a offset (" + repeat("-(") + "5" + repeat(")") + ")",
    "a offset " + repeat("min_of(1,") + "5" + repeat(")"),
  ];
}

Deno.test("parseExpr() reads what nests deeply without running out of stack", () => {
  for (const query of deepQueries(14_000)) {
    const expr = parseExpr(query);
    assert.equal(print(parseExpr(print(expr))), print(expr), query.slice(0, 20));
  }
});

Deno.test("parseExpr() refuses what nests too deeply", () => {
  const message = /^1:\d+: parse error: expression nested more than 30000 levels deep, use fewer operators/;
  for (const query of deepQueries(100_000)) assert.match(messageOf(query), message, query.slice(0, 20));
  const open = "(" + "-{}-1".repeat(20_000) + ")" + "[1m:]".repeat(10_000);
  assert.match(messageOf(open), message);
});

Deno.test("parentheses right around each other are one node, however many they are", () => {
  const many = (text: string) => "(".repeat(100_000) + text + ")".repeat(100_000);
  for (const query of [many("1"), many("a + b"), `${many("(a) + (b)")}[5m:1m]`, many("(1)") + " ^ (2)"]) {
    assert.equal(print(parseExpr(query)), query);
  }
  const expr = parseExpr("(((a) + 1))");
  assert.ok(expr.kind === "paren" && expr.levels === 2 && expr.expr.kind === "binary");
  assert.deepEqual(expr.span, { start: 0, end: 11 });
  assert.deepEqual(expr.expr.span, { start: 2, end: 9 });
});

const PIECES = [
  ..."+ - * / % ^ == != < <= > >= </ >/ = =~ !~ ! @ ( ) { } [ ] , : # ; \n".split(" "),
  ..."and or unless atan2 bool on ignoring group_left group_right by without offset anchored smoothed".split(
    " ",
  ),
  ..."fill fill_left fill_right start end step range min_of max_of sum topk rate info label_join".split(" "),
  ..."a b:c 1 5m 0x1f 1e3 inf 'x' \"y\" `z` \\ ' \" é \ufffd {a='b'} [5m] [5m:] (a) step() a[1h]".split(" "),
];

Deno.test("parseExpr() throws nothing but PromQLSyntaxError, with a place inside the query", () => {
  const texts = fc.oneof(
    fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }).map((pieces) => pieces.join(" ")),
    fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }).map((pieces) => pieces.join("")),
    fc.string({ unit: "binary", maxLength: 30 }),
    fc.uint8Array({ maxLength: 30 }).map((bytes) => new TextDecoder().decode(bytes)),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        parseExpr(text, EVERYTHING);
      } catch (error) {
        assert.ok(error instanceof PromQLSyntaxError, `${JSON.stringify(text)}: ${error}`);
        const { start, end } = error.span;
        assert.ok(start >= 0 && start <= text.length && end <= text.length, `${start}:${end}`);
      }
    }),
    { numRuns: 5000 },
  );
});
