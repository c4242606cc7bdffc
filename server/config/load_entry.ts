/** Entry of the worker that reads a configuration: answers one request, then has nothing more to do. */
import { ConfigError } from "./config_error.ts";
import { defaultConfig } from "./default_config.ts";
import { fileHost } from "./file_host.ts";
import { loadConfig, type LoadedConfig } from "./load.ts";
import type { LoadAnswer, LoadRequest } from "./load_in_worker.ts";
import { plainConfig } from "./plain_config.ts";

async function load({ file, options, builtIn }: LoadRequest): Promise<LoadedConfig> {
  try {
    return await loadConfig(file, fileHost, options);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    if (builtIn !== undefined) return await defaultConfig(builtIn.address, { ...options, ...builtIn });
    throw new Deno.errors.NotFound(`open ${file}: no such file: name one with --config.file`);
  }
}

async function answer(request: LoadRequest): Promise<LoadAnswer> {
  try {
    const { config, warnings, files } = await load(request);
    return { loaded: { config: plainConfig(config), warnings, files } };
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems };
    if (error instanceof Deno.errors.NotFound) return { notFound: error.message };
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

// The types of the main thread's scope hold here; these are the worker's.
const scope = self as unknown as {
  addEventListener(type: "message", listener: (event: MessageEvent<LoadRequest>) => void): void;
  postMessage(answer: LoadAnswer): void;
};

scope.addEventListener("message", async ({ data }) => scope.postMessage(await answer(data)));
