import { encodeExposition } from "../../engine/exposition/encode_exposition.ts";
import { type ExpositionFormat, negotiate } from "../../engine/exposition/negotiation.ts";
import { type Answer, redirect, textAnswer } from "./answer.ts";
import type { AppDeps, Shards } from "./deps.ts";
import { gatherAll } from "./gather.ts";
import { type Router, unavailable } from "./router.ts";

const APP_NAME = "Prometheus Server";

/** Health, reload, shutdown, version, own metrics, and the addresses of pages to come. */
export function addManagementRoutes(router: Router, deps: AppDeps): void {
  const { configuration, lifecycle, options, shards, buildInfo } = deps;

  router.page("/-/healthy", () => textAnswer(`${APP_NAME} is Healthy.\n`), { always: true });
  router.page("/-/ready", async () => {
    const state = lifecycle.state();
    const detail = await storageDetail(shards);
    if (state === "ready") return textAnswer(`${APP_NAME} is Ready.\n${detail}`);
    return unavailable(state === "stopping", detail && `\n${detail}`);
  }, { always: true });

  const change = (path: string, act: () => Promise<ReturnType<typeof textAnswer>>) => {
    router.page(path, async ({ method }) => {
      if (method !== "POST" && method !== "PUT") {
        return textAnswer("Only POST or PUT requests allowed", {
          status: 405,
          headers: { Allow: "POST, PUT" },
        });
      }
      if (!options.isLifecycleEnabled) return textAnswer("Lifecycle API is not enabled.", { status: 403 });
      return await act();
    }, { always: true, methods: ["GET", "POST", "PUT"] });
  };
  change("/-/reload", async () => {
    try {
      await configuration.reload();
      return textAnswer("");
    } catch (error) {
      return textAnswer(`failed to reload config: ${(error as Error).message}\n`, { status: 500 });
    }
  });
  change("/-/quit", () => {
    lifecycle.quit();
    return Promise.resolve(textAnswer("Requesting termination... Goodbye!"));
  });

  router.page("/version", () => {
    return textAnswer(JSON.stringify(buildInfo), { type: "application/json" });
  }, { always: true });
  router.page("/metrics", metricsPage(deps), { always: true });
  // There is one page so far; who comes by another one's address gets that.
  const home = `${options.externalUrl.pathname.replace(/\/$/, "")}/`;
  for (const path of PAGES) router.page(path, () => redirect(home), { always: true });
}

/** Where upstream has pages. */
const PAGES = [
  "/query",
  "/graph",
  "/alerts",
  "/targets",
  "/rules",
  "/service-discovery",
  "/status",
  "/tsdb-status",
  "/flags",
  "/config",
  "/alertmanager-discovery",
  "/agent",
];

/** A line for each shard whose storage is not ready or not well, "" where all are. */
async function storageDetail(shards: Shards): Promise<string> {
  const health = await shards.health();
  return health.map(({ ready, storage, detail }, shard) => {
    if (storage !== "ok" || detail !== "") {
      return `storage of shard ${shard}: ${storage}: ${detail || "no detail"}\n`;
    }
    return ready ? "" : `storage of shard ${shard}: its log is being replayed\n`;
  }).join("");
}

const OFFERED: readonly ExpositionFormat[] = [
  "text-0.0.4",
  "text-1.0.0",
  "openmetrics-1.0.0",
  "openmetrics-0.0.1",
  "protobuf",
];

function metricsPage(deps: AppDeps): (request: Request) => Promise<Answer> {
  const requests = deps.registry.counter({
    name: "promhttp_metric_handler_requests_total",
    help: "Total number of scrapes by HTTP status code.",
    labelNames: ["code"],
  });
  const inFlight = deps.registry.gauge({
    name: "promhttp_metric_handler_requests_in_flight",
    help: "Current number of scrapes being served.",
  });
  for (const code of ["200", "500", "503"]) requests.labels({ code });
  return async (request) => {
    inFlight.inc();
    try {
      const negotiated = negotiate(request.headers.get("Accept"), OFFERED);
      const body = encodeExposition(await gatherAll(deps), negotiated);
      requests.labels({ code: "200" }).inc();
      return { status: 200, headers: { "Content-Type": negotiated.contentType }, chunks: [body] };
    } catch (error) {
      deps.log.error("Cannot write metrics", { err: error });
      requests.labels({ code: "500" }).inc();
      const reason = `An error has occurred while serving metrics:\n\n${(error as Error).message}\n`;
      return textAnswer(reason, { status: 500 });
    } finally {
      inFlight.dec();
    }
  };
}
