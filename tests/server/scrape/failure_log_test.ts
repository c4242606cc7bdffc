import assert from "node:assert/strict";
import { FailureLogs } from "../../../server/scrape/failure_log.ts";

const failure = { timeMs: 0, jobName: "j", url: "http://h/", error: 'no "way"' };

Deno.test("FailureLogs writes a JSON object a line, in order, and tells of files it cannot write to", async () => {
  const file = await Deno.makeTempFile();
  const errors: string[] = [];
  try {
    const logs = new FailureLogs((path) => errors.push(path));
    logs.log(file, failure);
    logs.log("/nonexistent/x", failure);
    await logs.flush();
    logs.log(file, { ...failure, timeMs: 1000 });
    await logs.flush();
    const lines = (await Deno.readTextFile(file)).trimEnd().split("\n").map((line) => JSON.parse(line));
    const line = { level: "ERROR", msg: 'no "way"', job_name: "j", target: "http://h/" };
    assert.deepEqual(lines, [
      { time: "1970-01-01T00:00:00.000Z", ...line },
      { time: "1970-01-01T00:00:01.000Z", ...line },
    ]);
    assert.deepEqual(errors, ["/nonexistent/x"]);
  } finally {
    await Deno.remove(file);
  }
});
