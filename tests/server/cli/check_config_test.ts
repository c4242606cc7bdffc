import assert from "node:assert/strict";
import { join } from "node:path";
import { checkConfig } from "../../../server/cli/check_config.ts";
import { Output, withTempDir } from "./_cli.ts";

const features = new Set<string>();

Deno.test("check config tells of each file whether it is valid", async () => {
  await withTempDir(async (path) => {
    const good = join(path, "good.yml"), bad = join(path, "bad.yml"), rules = join(path, "rules.yml");
    await Deno.writeTextFile(good, "global: {scrape_interval: 10s}\nrule_files: [rules.yml, 'none*.yml']\n");
    await Deno.writeTextFile(rules, "groups: []\n");
    await Deno.writeTextFile(bad, "global:\n  scrape_intervall: 10s\n");
    const io = new Output();
    assert.equal(await checkConfig({ files: [good], features, warnings: [] }, io), 0);
    assert.equal(
      io.out,
      `Checking ${good}\n  SUCCESS: 1 rule file found\n SUCCESS: ${good} is valid prometheus config file syntax\n\n` +
        `Checking ${rules}\n  SUCCESS: 0 rules found\n\n`,
    );
    assert.doesNotMatch(io.err, /FAILED/);

    const both = new Output();
    assert.equal(
      await checkConfig({ files: [bad, good, join(path, "absent.yml")], features, warnings: [] }, both),
      1,
    );
    assert.match(both.err, /FAILED: parsing YAML file .*bad.yml: .*line 2/);
    assert.match(both.err, /FAILED: .*absent.yml: no such file or directory/);
    assert.match(both.out, / SUCCESS: .*good.yml is valid/);

    await Deno.remove(rules);
    const missing = new Output();
    assert.equal(await checkConfig({ files: [good], features, warnings: [] }, missing), 1);
    assert.match(missing.err, /FAILED: .*rules.yml" does not point to an existing file/);
  });
});

Deno.test("check config checks the rule files, too", async () => {
  await withTempDir(async (path) => {
    const config = join(path, "prometheus.yml");
    await Deno.writeTextFile(config, "rule_files: [rules.yml, '*.yml']\n");
    await Deno.writeTextFile(
      join(path, "rules.yml"),
      "groups: [{name: a, rules: [{record: b, expr: 'sum('}]}]\n",
    );
    await Deno.writeTextFile(config, "rule_files: [rules.yml, 'r*.yml']\n");
    const io = new Output();
    assert.equal(await checkConfig({ files: [config], features, warnings: [] }, io), 1);
    assert.match(io.out, /1 rule file found/);
    assert.equal(io.err.match(/FAILED/g)?.length, 1);
    assert.match(
      io.err,
      /rules.yml: group "a", rule 1, "b": could not parse expression: 1:5: parse error.*line 1, column 40, key groups\[0\]\.rules\[0\]\.expr/,
    );
  });
});
