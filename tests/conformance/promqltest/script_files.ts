import { CONFORMANCE } from "../folder.ts";

/** Where upstream's scripts are; the folder may be missing. */
export const UPSTREAM_SCRIPTS = `${CONFORMANCE}/promqltest`;
/** Our own scripts. */
export const OWN_SCRIPTS = "tests/promql";

/** The scripts in a folder by name, or those of both folders; none where a folder is missing. */
export function scriptFiles(folders: readonly string[] = [UPSTREAM_SCRIPTS, OWN_SCRIPTS]): string[] {
  return folders.flatMap((folder) => {
    try {
      return [...Deno.readDirSync(folder)]
        .filter(({ name }) => name.endsWith(".test"))
        .map(({ name }) => `${folder}/${name}`)
        .sort();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  });
}
