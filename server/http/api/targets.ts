import { LabelsBuilder } from "../../../engine/labels/builder.ts";
import { compareUtf8, Labels } from "../../../engine/labels/labels.ts";
import type { RelabelRule } from "../../../engine/labels/relabel.ts";
import type { ServerScrapeConfig } from "../../config/server_config.ts";
import { ApiError } from "../api_error.ts";
import type { ActiveTarget, ConfigurationSource, Targets, WebOptions } from "../deps.ts";
import { globalUrl } from "../global_url.ts";
import type { Form } from "../params/form.ts";
import { formatTime, NEVER } from "../params/time.ts";
import type { Router } from "../router.ts";

/** `/targets`, `/targets/relabel_steps`, `/scrape_pools` and `/scrape_pools/config`. */
export function addTargetRoutes(router: Router, { targets, configuration, options }: {
  readonly targets: Targets;
  readonly configuration: ConfigurationSource;
  readonly options: WebOptions;
}): void {
  router.read("/targets", async ({ url }) => {
    const pool = url.get("scrapePool") ?? "";
    const state = (url.get("state") ?? "").toLowerCase();
    const shows = (wanted: string) => state === "" || state === "any" || state === wanted;
    const inPool = <T extends { readonly scrapePool: string }>(all: readonly T[]) =>
      all.filter(({ scrapePool }) => pool === "" || scrapePool === pool)
        .sort((a, b) => compareUtf8(a.scrapePool, b.scrapePool));
    const active = shows("active") ? inPool(await targets.active()) : [];
    const dropped = shows("dropped") ? inPool(targets.dropped()) : [];
    return {
      data: {
        activeTargets: active.map((target) => targetJson(target, options)),
        droppedTargets: dropped.map(({ discoveredLabels, scrapePool }) => ({
          discoveredLabels: discoveredLabels.toObject(),
          scrapePool,
        })),
        droppedTargetCounts: shows("dropped") ? targets.droppedCounts() : null,
      },
    };
  });

  router.read("/scrape_pools", () => {
    const names = configuration.current().scrapeConfigs.map(({ jobName }) => jobName);
    return { data: { scrapePools: names.sort(compareUtf8) } };
  });

  router.read("/scrape_pools/config", ({ form }) => {
    const job = scrapePoolOf(form, configuration);
    return { data: { yaml: job.yaml } };
  });

  router.read("/targets/relabel_steps", ({ form }) => {
    if (form.get("scrapePool") === "") throw new ApiError("bad_data", "no scrapePool parameter provided");
    const labels = labelsOf(form.get("labels"));
    return { data: { steps: relabelSteps(labels, scrapePoolOf(form, configuration).relabelConfigs) } };
  });
}

function scrapePoolOf(form: Form, configuration: ConfigurationSource): ServerScrapeConfig {
  const name = form.get("scrapePool");
  if (name === "") throw new ApiError("bad_data", "no scrapePool parameter provided");
  const job = configuration.current().scrapeConfigs.find(({ jobName }) => jobName === name);
  if (job === undefined) {
    throw new ApiError(
      "bad_data",
      `error retrieving scrape config: scrape pool ${JSON.stringify(name)} not found`,
    );
  }
  return job;
}

function targetJson(target: ActiveTarget, options: WebOptions): object {
  return {
    discoveredLabels: target.discoveredLabels.toObject(),
    labels: target.labels.toObject(),
    scrapePool: target.scrapePool,
    scrapeUrl: target.url,
    globalUrl: globalUrl(target.url, options),
    lastError: target.lastError,
    lastScrape: target.lastScrapeMs === 0 ? NEVER : formatTime(target.lastScrapeMs),
    lastScrapeDuration: target.lastDurationSeconds,
    health: target.health,
    scrapeInterval: target.scrapeInterval,
    scrapeTimeout: target.scrapeTimeout,
  };
}

function labelsOf(text: string): Labels {
  if (text === "") throw new ApiError("bad_data", "no labels parameter provided");
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
      throw new TypeError("expected an object of label names and values");
    }
    for (const [name, value] of Object.entries(parsed)) {
      if (typeof value !== "string") {
        throw new TypeError(`expected a string for label ${JSON.stringify(name)}`);
      }
    }
    return Labels.from(parsed as Record<string, string>);
  } catch (cause) {
    throw new ApiError("bad_data", `error parsing labels: ${(cause as Error).message}`, { cause });
  }
}

function relabelSteps(labels: Labels, rules: readonly RelabelRule[]): object[] {
  const builder = new LabelsBuilder(labels);
  let keep = true;
  return rules.map((rule) => {
    keep = keep && rule.apply(builder);
    return { rule: ruleJson(rule), output: keep ? builder.labels().toObject() : {}, keep };
  });
}

function ruleJson({ config }: RelabelRule): object {
  const { sourceLabels, separator, targetLabel, regex, modulus, replacement, action } = config;
  return {
    ...(sourceLabels.length > 0 && { source_labels: sourceLabels }),
    separator,
    regex,
    ...(BigInt(modulus) > 0n && { modulus: Number(modulus) }),
    ...(targetLabel !== "" && { target_label: targetLabel }),
    replacement,
    action,
  };
}
