import { posix } from "node:path";
import {
  type ConfigHost,
  type ConfigOptions,
  loadConfig,
  type LoadedConfig,
} from "../../../server/config/load.ts";

/** A host whose files are the entries of `files`, keyed by path. */
export function memoryHost(files: Record<string, string>, env: Record<string, string> = {}): ConfigHost {
  return {
    readFile: (path) =>
      path in files ? Promise.resolve(files[path]) : Promise.reject(new Error(`no file ${path}`)),
    glob: (pattern) => Promise.resolve(Object.keys(files).filter(matcher(pattern)).sort()),
    env: (name) => env[name],
  };
}

/** A host over the real file system. */
export function diskHost(env: Record<string, string> = {}): ConfigHost {
  return {
    readFile: (path) => Deno.readTextFile(path),
    async glob(pattern) {
      const directory = posix.dirname(pattern);
      const paths: string[] = [];
      for await (const { name } of Deno.readDir(directory)) paths.push(posix.join(directory, name));
      return paths.filter(matcher(pattern)).sort();
    },
    env: (name) => env[name],
  };
}

function matcher(pattern: string): (path: string) => boolean {
  const [head, tail] = pattern.split("*");
  if (tail === undefined) return (path) => path === pattern;
  return (path) => path.startsWith(head) && path.endsWith(tail) && !path.slice(head.length).includes("/");
}

/** Loads `text` as `/etc/prometheus.yml`. */
export function load(
  text: string,
  options?: ConfigOptions,
  env?: Record<string, string>,
): Promise<LoadedConfig> {
  return loadConfig("/etc/prometheus.yml", memoryHost({ "/etc/prometheus.yml": text }, env), options);
}
