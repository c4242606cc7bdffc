import assert from "node:assert/strict";
import { join } from "node:path";
import { checkRules } from "../../../server/cli/check_rules.ts";
import { CONFORMANCE } from "../../conformance/folder.ts";
import { Output, withTempDir } from "./_cli.ts";

async function check(
  text: string,
  ...features: string[]
): Promise<{ code: number; out: string; err: string }> {
  const io = new Output();
  const code = await checkRules({ files: [], features: new Set(features), warnings: [] }, io, {
    readStdin: () => Promise.resolve(text),
  });
  return { code, out: io.out, err: io.err };
}

const RULES = `
groups:
- name: g
  interval: 30s
  query_offset: 1m
  limit: 5
  labels: { team: a }
  rules:
  - record: job:up:sum
    expr: sum by (job) (up)
    labels: { severity: page }
  - alert: Down
    expr: up == 0
    for: 5m
    keep_firing_for: 1m
    labels: { severity: page }
    annotations: { summary: "{{ $labels.job }} is down" }
- name: empty
`;

Deno.test("check rules counts the rules of a valid file", async () => {
  assert.deepEqual(await check(RULES), {
    code: 0,
    out: "Checking standard input\n  SUCCESS: 2 rules found\n\n",
    err: "",
  });
  assert.equal((await check("")).code, 0);
});

const rule = (text: string) => `groups:\n- name: g\n  rules:\n  - ${text}\n`;
for (
  const { text, want } of [
    { text: "groups: [{name: ''}]", want: /Groupname must not be empty \(line 1, column 11/ },
    { text: "groups: [{name: a}, {name: a}]", want: /groupname: "a" is repeated in the same file/ },
    {
      text: "groups: [{name: a, rule: []}]",
      want: /field rule not found in type rulefmt.RuleGroup.*"rules"/,
    },
    { text: "groups: [{name: a, interval: 5}]", want: /not a valid duration string: "5"/ },
    { text: "group: []", want: /field group not found in type rulefmt.RuleGroups/ },
    { text: "groups: {a: b}", want: /expected a list/ },
    {
      text: rule("{expr: up}"),
      want: /group "g", rule 1, "": one of 'record' or 'alert' must be set \(line 4/,
    },
    { text: rule("{record: a, alert: b, expr: up}"), want: /only one of 'record' and 'alert' must be set/ },
    { text: rule("{record: a}"), want: /"a": field 'expr' must be set in rule/ },
    {
      text: rule("{record: a, expr: 'up['}"),
      want: /could not parse expression: 1:4.*key groups\[0\]\.rules\[0\]\.expr/,
    },
    { text: rule("{record: a, expr: up, for: 1m}"), want: /invalid field 'for' in recording rule/ },
    { text: rule("{record: a, expr: up, keep_firing_for: 1m}"), want: /invalid field 'keep_firing_for'/ },
    { text: rule("{record: a, expr: up, annotations: {b: c}}"), want: /invalid field 'annotations'/ },
    { text: rule("{record: 'a{b=\"c\"}', expr: up}"), want: /braces present in the recording rule name/ },
    { text: rule("{alert: a, expr: up, labels: {__name__: b}}"), want: /invalid label name: __name__/ },
    { text: rule("{alert: a, expr: up, annotations: {'': b}}"), want: /invalid annotation name: / },
    { text: rule("{alert: a, expr: up, for: soon}"), want: /not a valid duration string: "soon"/ },
  ]
) {
  Deno.test(`check rules refuses ${JSON.stringify(text)}`, async () => {
    const { code, err } = await check(text);
    assert.equal(code, 1);
    assert.match(err, /FAILED: parsing YAML file standard input: /);
    assert.match(err, want);
  });
}

Deno.test("check rules tells of everything wrong at once, of duplicates, and knows features", async () => {
  const both = await check(rule("{record: a}\n  - {alert: b}"));
  assert.equal(both.err.match(/field 'expr' must be set/g)?.length, 2);
  const twice = await check(
    rule("{record: a, expr: up, labels: {b: c}}\n  - {record: a, expr: down, labels: {b: c}}"),
  );
  assert.equal(twice.code, 0);
  assert.match(twice.err, /WARNING: several rules make a\{b="c"\}/);
  const experimental = rule("{record: a, expr: 'limitk(3, up)'}");
  assert.equal((await check(experimental)).code, 1);
  assert.equal((await check(experimental, "promql-experimental-functions")).code, 0);
});

Deno.test("check rules goes on behind a file that it cannot read", async () => {
  await withTempDir(async (path) => {
    const good = join(path, "good.yml");
    await Deno.writeTextFile(good, RULES);
    const io = new Output();
    assert.equal(
      await checkRules(
        { files: [join(path, "absent.yml"), path, good], features: new Set(), warnings: [] },
        io,
      ),
      1,
    );
    assert.match(io.err, /absent.yml: no such file or directory\n[^]*is a directory/);
    assert.match(io.out, /good.yml\n {2}SUCCESS: 2 rules found/);
  });
});

const hasFiles = await Deno.stat(`${CONFORMANCE}/rules`).then(() => true, () => false);
Deno.test({
  name: hasFiles
    ? "check rules gives upstream's rule files upstream's verdict"
    : `check rules of upstream's rule files (skipped: ${CONFORMANCE}/rules is absent)`,
  ignore: !hasFiles,
  fn: async () => {
    const bad = new Set([
      "invalid_rules.yaml",
      "bad-rules-syntax.yml",
      "rules_extrafields.yml",
      "rules_run_extrafields.yml",
    ]);
    const files = [...Deno.readDirSync(`${CONFORMANCE}/rules`)].map(({ name }) => `rules/${name}`).concat([
      "promtool/rules.yml",
      "promtool/prometheus-rules.lint.yml",
      "promtool/rules_duplicates.yml",
      "promtool/rules_extrafields.yml",
      "promtool/at-modifier.yml",
    ]);
    for (const file of files) {
      const io = new Output();
      const code = await checkRules(
        { files: [`${CONFORMANCE}/${file}`], features: new Set(), warnings: [] },
        io,
      );
      assert.equal(code, bad.has(file.split("/")[1]) ? 1 : 0, `${file}: ${io.err}`);
    }
  },
});
