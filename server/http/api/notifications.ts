import type { AppDeps } from "../deps.ts";
import { formatTime } from "../params/time.ts";
import type { Router } from "../router.ts";

/** `/notifications`: what whoever looks at the server should know now. */
export function addNotificationRoutes(
  router: Router,
  { lifecycle, runtimeInfo, now }: Pick<AppDeps, "lifecycle" | "runtimeInfo" | "now">,
): void {
  router.read("/notifications", () => {
    const { startTimeMs, reloadConfigSuccess, lastReloadFailureMs, lastConfigTimeMs, configWarnings } =
      runtimeInfo();
    const state = lifecycle.state();
    const found: [text: string, sinceMs: number][] = [];
    if (state === "starting") {
      found.push(["Prometheus is starting and replaying the write-ahead log (WAL).", startTimeMs]);
    }
    if (!reloadConfigSuccess) found.push(["Configuration reload has failed.", lastReloadFailureMs]);
    for (const warning of configWarnings) found.push([`Configuration: ${warning}.`, lastConfigTimeMs]);
    if (state === "stopping") {
      found.push(["Prometheus is shutting down and gracefully stopping all operations.", now()]);
    }
    return { data: found.map(([text, sinceMs]) => ({ text, date: formatTime(sinceMs), active: true })) };
  }, { always: true });
}
