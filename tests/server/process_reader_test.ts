import assert from "node:assert/strict";
import { processReader } from "../../server/process_reader.ts";

const FILES: Record<string, string> = {
  "stat": "cpu  1 2 3\nbtime 1700000000\n",
  "self/stat": "42 (a) b (c) R 1 1 1 0 -1 4194304 9 0 0 0 11 7 0 0 20 0 5 0 12345 1000 200 0",
  "self/status": "Name:\ta\nVmSize:\t    2048 kB\nVmData:\t     100 kB\nThreads:\t5\n",
  "self/limits": "Limit                     Soft Limit           Hard Limit           Units     \n" +
    "Max open files            1024                 4096                 files     \n" +
    "Max address space         unlimited            unlimited            bytes     \n",
  "self/net/netstat": "TcpExt: A B\nTcpExt: 1 2\nIpExt: InNoRoutes InOctets OutOctets\nIpExt: 0 77 88\n",
  "self/fd/0": "",
  "self/fd/1": "",
  "self/fd/2": "",
};

Deno.test("processReader() reads /proc", async () => {
  const dir = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(FILES)) {
      await Deno.mkdir(`${dir}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${dir}/${name}`, text);
    }
    const {
      cpuSeconds,
      residentMemoryBytes,
      jsHeapTotalBytes,
      jsHeapUsedBytes,
      jsExternalBytes,
      ...fromProc
    } = processReader(dir).read();
    for (
      const value of [cpuSeconds, residentMemoryBytes, jsHeapTotalBytes, jsHeapUsedBytes, jsExternalBytes]
    ) {
      assert.ok(value! > 0);
    }
    assert.deepEqual(fromProc, {
      virtualMemoryBytes: 2_097_152,
      heapBytes: 102_400,
      threads: 5,
      virtualMemoryMaxBytes: 2 ** 64,
      maxFds: 1024,
      openFds: 2,
      startTimeSeconds: 1_700_000_123.45,
      networkReceiveBytes: 77,
      networkTransmitBytes: 88,
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("processReader() leaves out what a system without /proc cannot tell", () => {
  const stats = processReader("/nowhere").read();
  assert.deepEqual(Object.keys(stats).sort(), [
    "cpuSeconds",
    "jsExternalBytes",
    "jsHeapTotalBytes",
    "jsHeapUsedBytes",
    "residentMemoryBytes",
    "startTimeSeconds",
  ]);
});
