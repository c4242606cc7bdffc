/** Entry of the worker that reads a configuration: answers one request, then has nothing more to do. */
import { ConfigError } from "./config_error.ts";
import { defaultConfig } from "./default_config.ts";
import { fileHost } from "./file_host.ts";
import { type LoadedConfig, parseConfig } from "./load.ts";
import type { LoadAnswer, LoadRequest } from "./load_in_worker.ts";
import { plainConfig } from "./plain_config.ts";
import { UnreadableFileError } from "./unreadable_file_error.ts";

async function load(
  { file, options, builtIn }: LoadRequest,
): Promise<LoadedConfig & { readonly isBuiltIn: boolean }> {
  const text = await fileHost.readFile(file).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    if (builtIn !== undefined) return undefined;
    throw new Deno.errors.NotFound(`open ${file}: no such file: name one with --config.file`);
  });
  return text === undefined
    ? { ...await defaultConfig(builtIn!.address, { ...options, ...builtIn }), isBuiltIn: true }
    : { ...await parseConfig(file, text, fileHost, options), isBuiltIn: false };
}

async function answer(request: LoadRequest): Promise<LoadAnswer> {
  try {
    const { config, ...rest } = await load(request);
    return { loaded: { config: plainConfig(config), ...rest } };
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems };
    if (error instanceof Deno.errors.NotFound) return { notFound: error.message };
    if (error instanceof UnreadableFileError) return { unreadable: error.message };
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

// The types of the main thread's scope hold here; these are the worker's.
const scope = self as unknown as {
  addEventListener(type: "message", listener: (event: MessageEvent<LoadRequest>) => void): void;
  postMessage(answer: LoadAnswer): void;
};

scope.addEventListener("message", async ({ data }) => scope.postMessage(await answer(data)));
