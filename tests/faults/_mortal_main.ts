/** The program, but at SIGUSR2 the first shard's worker dies of an uncaught error. */
const channel = new BroadcastChannel("die");
Deno.addSignalListener("SIGUSR2", () => channel.postMessage("shard-0"));

globalThis.Worker = class extends Worker {
  constructor(_: string | URL, options?: WorkerOptions) {
    super(new URL("./_mortal_worker.ts", import.meta.url), options);
  }
};

await import("../../main.ts");
