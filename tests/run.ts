/**
 * Runs all tests, or those of the paths given, and closes with one line: `N passed, N failed, N skipped`.
 * What was skipped is listed with its reason, which is in the test's name.
 */
const paths = Deno.args.length > 0 ? Deno.args : ["tests/"];
const child = new Deno.Command(Deno.execPath(), {
  args: ["test", "--allow-all", "--no-check", "--quiet", ...paths],
  env: { NO_COLOR: "1" },
  stdout: "piped",
  stderr: "inherit",
}).spawn();

let summary = { passed: 0, failed: 0, skipped: 0 };
const skipped: string[] = [];
let rest = "";
for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
  await Deno.stdout.write(new TextEncoder().encode(text));
  const lines = (rest + text).split("\n");
  rest = lines.pop()!;
  for (const line of lines) {
    const counts =
      /(\d+) passed(?: \(\d+ steps?\))? \| (\d+) failed(?: \(\d+ steps?\))?(?: \| (\d+) ignored)?/.exec(line);
    if (counts !== null) {
      summary = { passed: Number(counts[1]), failed: Number(counts[2]), skipped: Number(counts[3] ?? 0) };
    } else if (line.includes("... ignored")) skipped.push(line.trim().replace(/ \.\.\. ignored.*/, ""));
  }
}
const { code } = await child.status;
if (skipped.length > 0) console.log(`Skipped:\n${skipped.map((name) => `  ${name}`).join("\n")}`);
if (code !== 0 && summary.failed === 0) summary.failed = 1; // the runner itself failed
console.log(`${summary.passed} passed, ${summary.failed} failed, ${summary.skipped} skipped`);
Deno.exit(code);
