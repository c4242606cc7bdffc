/** Where upstream's test data is; tests that need it are skipped without it. */
export const CONFORMANCE = Deno.env.get("NARTHEX_CONFORMANCE") ?? "../shared/conformance";
