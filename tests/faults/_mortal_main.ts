/** The program, but at SIGUSR2 the first shard's worker dies of an uncaught error. */
const channel = new BroadcastChannel("die");
Deno.addSignalListener("SIGUSR2", () => channel.postMessage("shard-0"));

globalThis.Worker = class extends Worker {
  constructor(specifier: string | URL, options?: WorkerOptions) {
    const isShard = String(specifier).endsWith("/shard/worker_entry.ts");
    super(isShard ? new URL("./_mortal_worker.ts", import.meta.url) : specifier, options);
  }
};

await import("../../main.ts");
