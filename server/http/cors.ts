import { AnchoredRegexp } from "../../engine/labels/regexp.ts";

const HEADERS = {
  "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, Origin",
  "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
  "Access-Control-Expose-Headers": "Date",
};

/**
 * Returns what sets the CORS headers of a response.
 * @param origins RE2 of the origins that may read answers, fully anchored.
 * @throws {RegexpSyntaxError} If it is not RE2.
 */
export function corsPolicy(origins: string): (request: Request, headers: Headers) => void {
  const allowed = new AnchoredRegexp(origins);
  return (request, headers) => {
    headers.append("Vary", "Origin");
    const origin = request.headers.get("Origin");
    if (origin === null || origin === "") return;
    for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
    if (origins === ".*") headers.set("Access-Control-Allow-Origin", "*");
    else if (allowed.matches(origin)) headers.set("Access-Control-Allow-Origin", origin);
  };
}
