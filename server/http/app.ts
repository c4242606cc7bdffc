import { Hono } from "hono";
import { addAdminRoutes } from "./api/admin.ts";
import { addExemplarRoutes } from "./api/exemplars.ts";
import { addExpressionRoutes } from "./api/expression.ts";
import { addFeatureRoutes } from "./api/features.ts";
import { addMetadataRoutes } from "./api/metadata.ts";
import { addNotificationRoutes } from "./api/notifications.ts";
import { addQueryRoutes } from "./api/query.ts";
import { addRuleRoutes } from "./api/rules.ts";
import { addSeriesRoutes } from "./api/series.ts";
import { addStatusRoutes } from "./api/status.ts";
import { addTargetRoutes } from "./api/targets.ts";
import type { AppDeps } from "./deps.ts";
import { addFederation } from "./federate.ts";
import { addManagementRoutes } from "./management.ts";
import { addHomePage } from "./plain_page.ts";
import { Router } from "./router.ts";

/**
 * The whole HTTP surface. Registers its metrics with `deps.registry`, so that a registry serves one app.
 * @throws {RegexpSyntaxError} If the CORS origin is not RE2.
 */
export function createApp(deps: AppDeps): Hono {
  const { routePrefix } = deps.options;
  const app = new Hono({ strict: false }); // a slash at the end of a path makes no difference
  if (routePrefix !== "") app.get("/", (c) => c.redirect(`${routePrefix}/`, 302));

  const router = new Router(routePrefix === "" ? app : app.basePath(routePrefix), deps);
  addHomePage(router, deps);
  addManagementRoutes(router, deps);
  addFederation(router, deps);
  addQueryRoutes(router, deps);
  addExpressionRoutes(router, deps);
  addExemplarRoutes(router, deps);
  addSeriesRoutes(router, deps);
  addMetadataRoutes(router, deps);
  addTargetRoutes(router, deps);
  addRuleRoutes(router);
  addStatusRoutes(router, deps);
  addFeatureRoutes(router, deps);
  addNotificationRoutes(router, deps);
  addAdminRoutes(router, deps);
  router.close();
  return app;
}
