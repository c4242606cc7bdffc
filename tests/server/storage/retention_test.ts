import assert from "node:assert/strict";
import { diskBytes } from "../../../server/storage/disk_size.ts";
import { retentionBytes } from "../../../server/storage/retention.ts";

const cases = [
  { retentionBytes: 0, retentionPercentage: 0, limit: 0 },
  { retentionBytes: 7, retentionPercentage: 0, limit: 7 },
  { retentionBytes: 7, retentionPercentage: 12.5, limit: 125 },
  { retentionBytes: 0, retentionPercentage: 100, limit: 1000 },
  { retentionBytes: 0, retentionPercentage: 0.01, limit: 1 },
];
for (const { limit, ...storage } of cases) {
  Deno.test(`retentionBytes() is ${limit} of 1,000 where ${JSON.stringify(storage)} is set`, () => {
    assert.equal(retentionBytes(storage, 1000), limit);
  });
}

Deno.test("diskBytes() is the size of the file system of a directory", async () => {
  const { code, stdout } = await new Deno.Command("df", { args: ["-B1", "--output=size", "/tmp"] }).output();
  assert.equal(code, 0, "it needs GNU df");
  assert.equal(diskBytes("/tmp"), Number(new TextDecoder().decode(stdout).trim().split("\n")[1]));
});
