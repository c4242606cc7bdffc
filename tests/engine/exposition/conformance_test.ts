import assert from "node:assert/strict";
import { CONFORMANCE } from "../../conformance/folder.ts";
import { conformanceExists, TestTarget } from "./parse_body.ts";

/** Cases that OpenMetrics refuses and Prometheus reads, by why it does. */
const LAXER: Record<string, RegExp> = {
  "values are not checked against the type":
    /^bad_(counter_values|info_and_stateset_values|stateset_info_values)_\d+$/,
  "exemplars are taken on any sample and their length is not limited here":
    /^bad_(exemplar_complex_chars|exemplars_6|exemplars_on_unallowed_(metric_types|samples)_\d+)$/,
  "series need not be grouped or ordered": /^bad_grouping_or_ordering_([02-9]|10)$/,
  "histograms need not be complete, ordered or consistent": /^bad_histograms_([0-3689]|7|1[0134]|12)$/,
  "labels need not fit the type": /^bad_missing_or_invalid_labels_for_a_type_\d$/,
  "metadata may come late, again or for clashing names":
    /^bad_(clashing_names_\d|metadata_in_wrong_place_\d|repeated_metadata_[013])$/,
  "a unit is taken for any type": /^bad_unit_[67]$/,
  "a comma may follow the last label": /^bad_missing_or_extra_commas_2$/,
};

const hasOpenMetrics = conformanceExists("openmetrics");
const cases = hasOpenMetrics
  ? [...Deno.readDirSync(`${CONFORMANCE}/openmetrics`)].map(({ name }) => name).sort()
  : [];

Deno.test({
  name: hasOpenMetrics
    ? `OpenMetrics parser gives upstream's verdicts on ${cases.length} cases`
    : `OpenMetrics verdicts (skipped: ${CONFORMANCE}/openmetrics is absent)`,
  ignore: !hasOpenMetrics,
  fn: () => {
    for (const name of cases) {
      const folder = `${CONFORMANCE}/openmetrics/${name}`;
      const { shouldParse } = JSON.parse(Deno.readTextFileSync(`${folder}/test.json`));
      const body = Deno.readFileSync(`${folder}/metrics`);
      const lax = Object.values(LAXER).some((pattern) => pattern.test(name));
      assert.ok(!(shouldParse && lax), `${name} is listed as laxer, but is valid`);
      let refusal: unknown;
      try {
        new TestTarget("openmetrics").scrape(body);
      } catch (error) {
        refusal = error;
      }
      assert.equal(refusal === undefined, shouldParse || lax, `${name}: ${refusal ?? "was read"}`);
    }
  },
});
