import { dirname } from "node:path";
import type { ConfigHost } from "./load.ts";
import { UnreadableFileError } from "./unreadable_file_error.ts";

/** Reads files for configurations as the program sees them. */
export const fileHost: ConfigHost = {
  readFile: async (path) => {
    try {
      return await Deno.readTextFile(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) throw error;
      throw UnreadableFileError.of(path, error) ?? error;
    }
  },
  glob: async (pattern) => {
    const folder = dirname(pattern), name = pattern.slice(folder === "." ? 0 : folder.length + 1);
    const wanted = new RegExp(
      `^${name.split("*").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join(".*")}$`,
    );
    const found: string[] = [];
    try {
      for await (const entry of Deno.readDir(folder)) {
        if (wanted.test(entry.name)) found.push(`${folder}/${entry.name}`);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw UnreadableFileError.of(folder, error) ?? error;
    }
    return found.sort();
  },
  env: (name) => Deno.env.get(name),
};
