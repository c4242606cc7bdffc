import assert from "node:assert/strict";
import fc from "fast-check";
import { escapeName, unescapeName } from "../../../engine/exposition/escaping.ts";
import { isLegacyMetricName } from "../../../engine/labels/labels.ts";

const names: [name: string, underscores: string, dots: string, values: string][] = [
  ["", "", "", ""],
  ["plain_name", "plain_name", "plain__name", "plain_name"],
  ["a.b_c", "a_b_c", "a_dot_b__c", "U__a_2e_b__c"],
  ["1a", "_a", "__a", "U___31_a"],
  ["http.status:sum", "http_status:sum", "http_dot_status:sum", "U__http_2e_status:sum"],
  ["花火", "__", "____", "U___82b1__706b_"],
  ["😀", "_", "__", "U___1f600_"],
];
for (const [name, underscores, dots, values] of names) {
  Deno.test(`escapeName() of ${JSON.stringify(name)}`, () => {
    assert.equal(escapeName(name, "allow-utf-8"), name);
    assert.equal(escapeName(name, "underscores"), underscores);
    assert.equal(escapeName(name, "dots"), dots);
    assert.equal(escapeName(name, "values"), values);
  });
}

Deno.test("unescapeName() reads back what the values scheme escaped, and names are legacy names then", () => {
  const name = fc.string({ unit: "binary", minLength: 1 }).filter((text) => text.isWellFormed());
  fc.assert(fc.property(name, (name) => {
    const escaped = escapeName(name, "values");
    assert.ok(isLegacyMetricName(escaped));
    // A plain name that looks escaped is the one ambiguity, upstream's too.
    if (!name.startsWith("U__")) assert.equal(unescapeName(escaped, "values"), name);
  }));
});

for (const name of ["U__a_", "U__a_zz_", "U__a_110000_", "U__a_d800_", "x_2e_"]) {
  Deno.test(`unescapeName() leaves ${name} alone`, () => assert.equal(unescapeName(name, "values"), name));
}
