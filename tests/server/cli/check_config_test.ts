import assert from "node:assert/strict";
import { join } from "node:path";
import { checkConfig } from "../../../server/cli/check_config.ts";
import { Output, withTempDir } from "./_cli.ts";

Deno.test("check config tells of each file whether it is valid", async () => {
  await withTempDir(async (path) => {
    const good = join(path, "good.yml"), bad = join(path, "bad.yml"), rules = join(path, "rules.yml");
    await Deno.writeTextFile(good, "global: {scrape_interval: 10s}\nrule_files: [rules.yml, 'none*.yml']\n");
    await Deno.writeTextFile(rules, "groups: []\n");
    await Deno.writeTextFile(bad, "global:\n  scrape_intervall: 10s\n");
    const io = new Output();
    assert.equal(await checkConfig({ files: [good] }, io), 0);
    assert.equal(
      io.out,
      `Checking ${good}\n  SUCCESS: 1 rule file found\n SUCCESS: ${good} is valid prometheus config file syntax\n\n`,
    );
    assert.doesNotMatch(io.err, /FAILED/);

    const both = new Output();
    assert.equal(await checkConfig({ files: [bad, good, join(path, "absent.yml")] }, both), 1);
    assert.match(both.err, /FAILED: parsing YAML file .*bad.yml: .*line 2/);
    assert.match(both.err, /FAILED: .*absent.yml: no such file or directory/);
    assert.match(both.out, / SUCCESS: .*good.yml is valid/);

    await Deno.remove(rules);
    const missing = new Output();
    assert.equal(await checkConfig({ files: [good] }, missing), 1);
    assert.match(missing.err, /FAILED: .*rules.yml" does not point to an existing file/);
  });
});
