/** A server that scrapes only itself. */
import { forEachSubject, newDirectory, type Part, sleep } from "../bench.ts";
import { freePort } from "../../integration/_server.ts";

export const idle: Part = {
  name: "idle",
  summary: "a server that scrapes only itself",
  limitSeconds: 300,
  run: (bench) =>
    forEachSubject(bench, "idle", async (subject, set) => {
      const port = freePort();
      const config = "global: {scrape_interval: 15s}\nscrape_configs:\n  - job_name: self\n" +
        `    static_configs: [{targets: ["127.0.0.1:${port}"]}]\n`;
      const storage = newDirectory(bench, "idle", subject.name);
      const server = subject.start(bench.children, { config, storage, port });
      set("start of an empty server to ready", "s", await server.ready());
      const seconds = bench.isQuick ? 20 : 60;
      await sleep(seconds / 2);
      const before = server.usage().cpuSeconds;
      await sleep(seconds / 2);
      const { cpuSeconds, rssBytes, peakRssBytes } = server.usage();
      set("RSS", "MB", rssBytes / 1e6);
      set("peak RSS", "MB", peakRssBytes / 1e6);
      set("CPU", "% of a core", 100 * (cpuSeconds - before) / (seconds / 2));
      set("graceful stop", "s", await server.stop());
    }),
};
