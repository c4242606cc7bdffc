import { ConfigError, type ConfigProblems } from "./config_error.ts";
import type { ConfigOptions } from "./load.ts";
import { UnreadableFileError } from "./unreadable_file_error.ts";
import { type PlainConfig, type ServerConfig, serverConfig } from "./server_config.ts";

/** Which configuration to read. */
export interface LoadRequest {
  readonly file: string;
  readonly options: ConfigOptions;
  /** Used where `file` does not exist: the server scrapes itself at this address. */
  readonly builtIn?: { readonly address: string; readonly metricsPath: string; readonly scheme: string };
}

/** A configuration for the server and what its author should know about it. */
export interface LoadedServerConfig {
  readonly config: ServerConfig;
  readonly warnings: readonly string[];
  /** Every file that was read: the main file and the scrape config files. */
  readonly files: readonly string[];
  /** Whether there was no file. */
  readonly isBuiltIn: boolean;
}

/** What the worker answers. Errors lose their class on the way, so that what is expected has a form of its own. */
export type LoadAnswer =
  | { readonly loaded: Omit<LoadedServerConfig, "config"> & { readonly config: PlainConfig } }
  | { readonly problems: ConfigProblems }
  | { readonly notFound: string }
  | { readonly unreadable: string }
  | { readonly error: Error };

/**
 * Reads a configuration in a worker of its own that ends with it: schemas and YAML reader take more memory than the
 * rest of the main thread, and are needed only now and then.
 * @throws {ConfigError} If a file is not a valid configuration.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {UnreadableFileError} If a file is there and cannot be read.
 */
export async function loadInWorker(request: LoadRequest): Promise<LoadedServerConfig> {
  const worker = new Worker(new URL("./load_entry.ts", import.meta.url), { type: "module", name: "config" });
  try {
    const answer = await ask(worker, request);
    if ("loaded" in answer) return { ...answer.loaded, config: serverConfig(answer.loaded.config) };
    if ("problems" in answer) throw new ConfigError(answer.problems);
    if ("notFound" in answer) throw new Deno.errors.NotFound(answer.notFound);
    if ("unreadable" in answer) throw new UnreadableFileError(answer.unreadable);
    throw answer.error;
  } finally {
    worker.terminate();
  }
}

function ask(worker: Worker, request: LoadRequest): Promise<LoadAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<LoadAnswer>();
  worker.addEventListener("message", ({ data }: MessageEvent<LoadAnswer>) => resolve(data));
  worker.addEventListener("messageerror", () => reject(new Error("BUG: the configuration cannot be cloned")));
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    reject(new Error(`Cannot read the configuration: ${event.message}`));
  });
  worker.postMessage(request);
  return promise;
}
