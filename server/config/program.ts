import { plainFlags } from "./plain_flags.ts";
import { EXIT, type Handlers, type ProgramHost } from "./requests.ts";
import { serveRequest, UsageError } from "./serve_request.ts";

/**
 * The command line: flags of the server, and the commands serve (the default), import, export, backup, restore and
 * check. `run` takes the arguments after the program's name and resolves to the exit code; it never exits itself.
 */
export function createProgram(
  handlers: Handlers,
  host: ProgramHost,
): { run(args: readonly string[]): Promise<number> } {
  return {
    async run(given) {
      // Task runners may hand on the "--" in front of what is meant for the program.
      const args = given[0] === "--" ? given.slice(1) : given;
      try {
        const flags = plainFlags(args);
        if (flags !== undefined) return await handlers.serve(serveRequest(flags, host.cores)) ?? EXIT.ok;
        // For all but the usual start of a server, which does not pay for it, see `main.ts`.
        const specifier = new URL("./command_line.ts", import.meta.url).href;
        const { runCommandLine }: typeof import("./command_line.ts") = await import(specifier);
        return await runCommandLine(args, handlers, host);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        host.stderr(`${error.message}\n`);
        return error.exitCode;
      }
    },
  };
}
