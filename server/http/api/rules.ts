import { invalidParameter } from "../api_error.ts";
import { orBadData } from "../params/form.ts";
import { parseBoolean, parseInteger } from "../params/go_text.ts";
import type { Router } from "../router.ts";

/** `/rules`, `/alerts` and `/alertmanagers`. No rules are evaluated yet, so that there is nothing to list. */
export function addRuleRoutes(router: Router): void {
  router.read("/rules", ({ form, url }) => {
    orBadData(() => form.matcherSets());
    const type = (url.get("type") ?? "").toLowerCase();
    if (type !== "" && type !== "alert" && type !== "record") {
      throw invalidParameter("type", `not supported value ${JSON.stringify(type)}`);
    }
    checkPage(url);
    return { data: { groups: [] } };
  });
  router.read("/alerts", () => ({ data: { alerts: [] } }));
  router.read("/alertmanagers", () => ({ data: { activeAlertmanagers: [], droppedAlertmanagers: [] } }));
}

function checkPage(url: URLSearchParams): void {
  const excluded = (url.get("exclude_alerts") ?? "").toLowerCase();
  if (excluded !== "") {
    check("exclude_alerts", "error converting exclude_alerts", () => parseBoolean(excluded));
  }
  const limit = url.get("group_limit") ?? "", token = url.get("group_next_token") ?? "";
  if (limit === "") {
    if (token === "") return;
    throw invalidParameter(
      "group_next_token",
      "group_limit needs to be present in order to paginate over the groups",
    );
  }
  if (check("group_limit", "group_limit needs to be a valid number", () => parseInteger(limit)) <= 0) {
    throw invalidParameter("group_limit", "group_limit needs to be greater than 0");
  }
  if (token !== "") {
    throw invalidParameter(
      "group_next_token",
      `invalid group_next_token '${token}'. were rule groups changed?`,
    );
  }
}

function check<T>(name: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw invalidParameter(name, `${what}: ${(cause as Error).message}`);
  }
}
