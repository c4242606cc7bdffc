import assert from "node:assert/strict";
import fc from "fast-check";
import {
  escapeName,
  isEscapingScheme,
  isValidLabelName,
  isValidMetricName,
  unescapeName,
} from "../../../engine/labels/names.ts";

Deno.test.each([
  { name: "", utf8: false, metric: false, label: false },
  { name: "up", utf8: true, metric: true, label: true },
  { name: "_a1", utf8: true, metric: true, label: true },
  { name: "a:b", utf8: true, metric: true, label: false },
  { name: ":a", utf8: true, metric: true, label: false },
  { name: "1a", utf8: true, metric: false, label: false },
  { name: "http.status", utf8: true, metric: false, label: false },
  { name: "a\n", utf8: true, metric: false, label: false },
  { name: "温度", utf8: true, metric: false, label: false },
  { name: "a\ud800", utf8: false, metric: false, label: false },
])("validity of the name $name", ({ name, utf8, metric, label }) => {
  assert.equal(isValidMetricName(name, "utf8"), utf8);
  assert.equal(isValidLabelName(name, "utf8"), utf8);
  assert.equal(isValidMetricName(name, "legacy"), metric);
  assert.equal(isValidLabelName(name, "legacy"), label);
});

Deno.test.each([
  { name: "", underscores: "", dots: "", values: "" },
  {
    name: "no:escaping_required",
    underscores: "no:escaping_required",
    dots: "no:escaping__required",
    values: "no:escaping_required",
  },
  {
    name: "mysystem.prod.west",
    underscores: "mysystem_prod_west",
    dots: "mysystem_dot_prod_dot_west",
    values: "U__mysystem_2e_prod_2e_west",
  },
  { name: "a.b_c", underscores: "a_b_c", dots: "a_dot_b__c", values: "U__a_2e_b__c" },
  {
    name: "http.status:sum",
    underscores: "http_status:sum",
    dots: "http_dot_status:sum",
    values: "U__http_2e_status:sum",
  },
  {
    name: "label with 😱",
    underscores: "label_with__",
    dots: "label__with____",
    values: "U__label_20_with_20__1f631_",
  },
  { name: "plain_name", underscores: "plain_name", dots: "plain__name", values: "plain_name" },
  { name: "花火", underscores: "__", dots: "____", values: "U___82b1__706b_" },
  { name: "1ab", underscores: "_ab", dots: "__ab", values: "U___31_ab" },
  { name: "a\ud800.", underscores: "a__", dots: "a___dot_", values: "U__a_FFFD__2e_" },
])("escapeName($name)", ({ name, ...want }) => {
  assert.equal(escapeName(name, "allow-utf-8"), name);
  assert.equal(escapeName(name, "underscores"), want.underscores);
  assert.equal(escapeName(name, "dots"), want.dots);
  assert.equal(escapeName(name, "values"), want.values);
});

Deno.test.each([
  { name: "U__a_2e_b__c", want: "a.b_c" },
  { name: "U__a_2E_b", want: "a.b" },
  { name: "U__", want: "" },
  { name: "a_2e_b", want: "a_2e_b" },
  { name: "U__a_2e", want: "U__a_2e" },
  { name: "U__a_", want: "U__a_" },
  { name: "U__a_xyz_", want: "U__a_xyz_" },
  { name: "U__a_d800_", want: "U__a_d800_" },
  { name: "U__a_110000_", want: "U__a_110000_" },
  { name: "U__a_0000041_", want: "U__a_0000041_" },
])("unescapeName($name, values)", ({ name, want }) => assert.equal(unescapeName(name, "values"), want));

Deno.test("unescapeName() undoes the dots it can and no underscores", () => {
  assert.equal(unescapeName("mysystem_dot_prod__west", "dots"), "mysystem.prod_west");
  assert.equal(unescapeName("a_b", "underscores"), "a_b");
  assert.equal(unescapeName("a_b", "allow-utf-8"), "a_b");
});

const anyName = fc.string({ unit: "binary", minLength: 1 });

Deno.test("escapeName() gives a legacy name and values give the name back", () => {
  fc.assert(fc.property(anyName, (name) => {
    for (const scheme of ["underscores", "dots", "values"] as const) {
      assert.ok(isValidMetricName(escapeName(name, scheme), "legacy"));
    }
    if (!(name.startsWith("U__") && isValidMetricName(name, "legacy"))) {
      assert.equal(unescapeName(escapeName(name, "values"), "values"), name);
    }
  }));
});

Deno.test("isEscapingScheme() knows the four schemes", () => {
  for (const scheme of ["allow-utf-8", "underscores", "dots", "values"]) assert.ok(isEscapingScheme(scheme));
  assert.ok(!isEscapingScheme(""));
  assert.ok(!isEscapingScheme("Values"));
});
