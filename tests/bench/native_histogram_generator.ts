/**
 * Serves native histograms to several servers so that each gets the same samples: `/t/<server>/<target>` is the next
 * sample of each series, at a timestamp of its own, whoever scrapes when. After the last one, bodies are empty.
 * `/steps/<server>` is how many all targets have given to that server.
 *
 * Prints its port on the first line and ends with its standard input, so it cannot outlive whoever started it.
 */
import { parseArgs } from "node:util";
import { CONTENT_TYPE, NativeHistogramBody } from "./native_histogram_body.ts";

const { values } = parseArgs({
  options: {
    targets: { type: "string", default: "8" },
    series: { type: "string", default: "125" },
    steps: { type: "string", default: "160" },
    startms: { type: "string", default: "0" },
    stepms: { type: "string", default: "15000" },
  },
});
const targets = Number(values.targets), steps = Number(values.steps);
const bodies = Array.from({ length: targets }, (_, i) => new NativeHistogramBody(i, Number(values.series)));
const stepsGiven = new Map<string, number[]>(); // by server, then target

function answer(url: string): Response {
  const [, kind, server, target] = new URL(url).pathname.split("/");
  const given = stepsGiven.get(server!) ?? new Array<number>(targets).fill(0);
  stepsGiven.set(server!, given);
  if (kind === "steps") return Response.json(Math.min(...given));
  const body = bodies[Number(target)];
  if (kind !== "t" || body === undefined) return new Response("no such target\n", { status: 404 });
  const step = given[Number(target)]!, headers = { "content-type": CONTENT_TYPE };
  if (step === steps) return new Response(new Uint8Array(0), { headers });
  given[Number(target)] = step + 1;
  return new Response(body.render(step, Number(values.startms) + step * Number(values.stepms)), { headers });
}

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(JSON.stringify({ port })),
}, (request) => answer(request.url));
for await (const _ of Deno.stdin.readable);
Deno.exit(0);
