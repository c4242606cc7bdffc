import assert from "node:assert/strict";
import { Matcher } from "../../../engine/labels/matcher.ts";
import { poolOf, Scene, START_MS } from "./_fakes.ts";

const ANSWER = {
  body: "# TYPE a_seconds counter\n# UNIT a_seconds seconds\na_seconds_total 1\n# EOF\n",
  contentType: "application/openmetrics-text; version=1.0.0",
};

Deno.test("series get labels of their type and unit where that is asked for", async () => {
  for (const typeAndUnitLabels of [false, true]) {
    const scene = await Scene.open();
    await scene.scrape(poolOf({ typeAndUnitLabels }), ANSWER);
    const matchers = [new Matcher("=", "__name__", "a_seconds_total")];
    const found = await scene.database.select({ matchers, startMs: START_MS, endMs: START_MS + 1e6 });
    assert.deepEqual(found.map(({ labels }) => labels.toObject()), [{
      __name__: "a_seconds_total",
      ...(typeAndUnitLabels && { __type__: "counter", __unit__: "seconds" }),
      instance: "i",
      job: "j",
    }]);
  }
});
