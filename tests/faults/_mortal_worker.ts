/** A shard's worker that dies of an uncaught error when its name is called. */
new BroadcastChannel("die").addEventListener("message", ({ data }) => {
  if (data === self.name) throw new Error("killed by the test");
});

await import("../../server/shard/worker_entry.ts");
