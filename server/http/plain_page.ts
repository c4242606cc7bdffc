import { html, raw } from "hono/html";
import { textAnswer } from "./answer.ts";
import type { ActiveTarget, AppDeps } from "./deps.ts";
import type { Router } from "./router.ts";

/** `/`: what this server is and how it fares, in plain HTML; and the icon that browsers ask for. */
export function addHomePage(router: Router, deps: AppDeps): void {
  router.page("/", async () => {
    const page = String(await homePage(deps));
    const headers = {
      "Content-Security-Policy":
        "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; base-uri 'none'",
      "Cache-Control": "no-store",
    };
    return textAnswer(page, { type: "text/html; charset=utf-8", headers });
  }, { always: true });
  // Every browser takes an SVG under the old name, too.
  for (const path of ["/favicon.svg", "/favicon.ico"]) {
    router.page(path, () => {
      return textAnswer(ICON, { type: "image/svg+xml", headers: { "Cache-Control": "max-age=86400" } });
    }, { always: true });
  }
}

/** A flame in a hollow stalk. */
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<path fill="#e6522c" d="M16 1c1 5 7 7 7 13a7 7 0 0 1-14 0c0-3 2-4 3-7 1 2 1 3 2 4 2-3 3-6 2-10z"/>
<path fill="#8a9a3b" d="M10 22h12l-1 9H11z"/>
</svg>
`;

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --dim: #5a6675; --ground: #f6f7f9; --card: #fff;
  --line: #dfe3e8; --accent: #b4380d; --good: #18794e; --bad: #c62a2f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebef; --dim: #9aa5b1; --ground: #12161c; --card: #1a2029;
  --line: #2c3542; --accent: #ff9c6a; --good: #4cc38a; --bad: #ff7b80; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1rem 3rem; }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 2.25rem 0 .75rem; font-size: 1.1rem; }
p { margin: .35rem 0; color: var(--dim); }
a { color: var(--accent); }
a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 1.5rem 0 0; }
dl div { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .7rem .9rem; }
dt { color: var(--dim); font-size: .85rem; }
dd { margin: 0; font-size: 1.15rem; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.good { color: var(--good); } .bad { color: var(--bad); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .6rem; background: var(--card); }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .5rem .9rem; text-align: left; border-bottom: 1px solid var(--line); }
tr:last-child > * { border-bottom: 0; }
td { font-variant-numeric: tabular-nums; }
ul { columns: 16rem; padding-left: 1.1rem; margin: 0; }
li { break-inside: avoid; }
footer { margin-top: 2.5rem; }
`;

/** Links below the server's own address, and what is there. */
const LINKS: readonly (readonly [path: string, what: string])[] = [
  ["/api/v1/targets", "Targets and their health"],
  ["/api/v1/scrape_pools", "Scrape pools"],
  ["/api/v1/label/__name__/values", "Names of metrics"],
  ["/api/v1/query?query=up", "Query: up"],
  ["/api/v1/rules", "Rules"],
  ["/api/v1/alerts", "Alerts"],
  ["/api/v1/status/tsdb", "Storage and cardinality"],
  ["/api/v1/status/config", "Configuration"],
  ["/api/v1/status/flags", "Command line flags"],
  ["/api/v1/status/runtimeinfo", "Runtime"],
  ["/api/v1/status/buildinfo", "Build"],
  ["/api/v1/features", "Features"],
  ["/metrics", "Metrics of this server"],
  ["/-/healthy", "Health"],
  ["/-/ready", "Readiness"],
];

async function homePage(deps: AppDeps) {
  const { options, buildInfo: { revision: version }, lifecycle, now } = deps;
  const state = lifecycle.state();
  const base = options.externalUrl.pathname.replace(/\/$/, "");
  const info = deps.runtimeInfo();
  const isReady = state === "ready";
  // The page is wanted most when something is wrong: it shows what there is.
  const targets = isReady ? await deps.targets.active().catch(() => []) : [];
  const statistics = isReady ? await deps.shards.statistics(1).catch(() => undefined) : undefined;
  const ill = (await deps.shards.health()).filter(({ detail }) => detail !== "");
  const up = targets.filter(({ health }) => health === "up").length;
  const down = targets.filter(({ health }) => health === "down").length;
  const reloaded = info.reloadConfigSuccess ? "in force" : "last reload failed";
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <link rel="icon" href="${base}/favicon.svg">
        <title>${options.pageTitle}</title>
        <style>${raw(STYLE)}</style>
      </head>
      <body>
        <main>
          <h1>${options.pageTitle}</h1>
          <p>
            Scrapes metrics, stores them, and answers PromQL queries over the Prometheus HTTP API. Version ${version}.
          </p>
          ${ill.map(({ detail }) => html`<p role="status" class="bad">Storage: ${detail}</p>`)}
          ${info.configWarnings.map((warning) =>
            html`<p role="status" class="bad">Configuration: ${warning}</p>`
          )}
          <dl>
            <div><dt>State</dt><dd class="${toneOf(isReady)}">${state}</dd></div>
            <div><dt>Up for</dt><dd>${spanOf(now() - info.startTimeMs)}</dd></div>
            <div><dt>Targets up</dt><dd class="${toneOf(down === 0)}">${up} of ${targets.length}</dd></div>
            <div><dt>Active series</dt><dd>${countOf(statistics?.headSeries)}</dd></div>
            <div><dt>Label pairs</dt><dd>${countOf(statistics?.labelPairs)}</dd></div>
            <div><dt>Retention</dt><dd>${info.storageRetention || "none"}</dd></div>
            <div><dt>Configuration</dt><dd class="${toneOf(info.reloadConfigSuccess)}">${reloaded}</dd></div>
          </dl>
          <h2>Targets</h2>
          ${targets.length === 0 ? html`<p>Nothing is scraped.</p>` : poolTable(targets)}
          <h2>Look further</h2>
          <ul>
            ${LINKS.map(([path, what]) => html`<li><a href="${base}${path}">${what}</a></li>`)}
          </ul>
          <footer>
            <p>
              To see graphs, add this address to Grafana as a Prometheus data source. About queries and the API:
              <a href="https://prometheus.io/docs/prometheus/latest/querying/basics/">PromQL</a>,
              <a href="https://prometheus.io/docs/prometheus/latest/querying/api/">HTTP API</a>.
            </p>
          </footer>
        </main>
      </body>
    </html>
  `;
}

function poolTable(targets: readonly ActiveTarget[]) {
  const pools = Map.groupBy(targets, ({ scrapePool }) => scrapePool);
  const rows = [...pools].sort(([a], [b]) => a < b ? -1 : 1).map(([name, members]) => {
    const count = (health: string) => members.filter((target) => target.health === health).length;
    const error = members.find(({ lastError }) => lastError !== "")?.lastError ?? "";
    return html`
      <tr>
        <th scope="row">${name}</th>
        <td class="${count("up") > 0 ? "good" : ""}">${count("up")}</td>
        <td class="${count("down") > 0 ? "bad" : ""}">${count("down")}</td>
        <td>${count("unknown")}</td>
        <td>${error}</td>
      </tr>
    `;
  });
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Health of the targets">
      <table>
        <thead>
          <tr>
            <th scope="col">Scrape pool</th>
            <th scope="col">Up</th>
            <th scope="col">Down</th>
            <th scope="col">Not scraped yet</th>
            <th scope="col">Last error</th>
          </tr>
        </thead>
        <tbody>
    ${rows}</tbody>
      </table>
    </div>
  `;
}

function toneOf(isWell: boolean): string {
  return isWell ? "good" : "bad";
}

function countOf(n: number | undefined): string {
  return n === undefined ? "not known yet" : n.toLocaleString("en");
}

/** A span of time in its two largest units. */
function spanOf(ms: number): string {
  const units = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1000]] as const;
  const first = units.findIndex(([, size]) => ms >= size);
  if (first < 0) return "0 s";
  let rest = ms;
  return units.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return `${count} ${unit}`;
  }).join(" ");
}
