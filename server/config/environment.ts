/**
 * Replaces `$NAME` and `${NAME}` as Go's `os.Expand` does: `$$` is a dollar sign, a dollar sign before anything
 * that is no name stays, `${` without end and `${}` vanish.
 */
export function expandEnvironment(text: string, lookup: (name: string) => string): string {
  return text.replace(
    /\$(?:\{([^}]*)\}|(\{)|([*#$@!?\-0-9])|([A-Za-z0-9_]+))/g,
    (_, braced: string | undefined, open: string | undefined, special: string | undefined, plain: string) => {
      if (open !== undefined || braced === "") return "";
      const name = braced ?? special ?? plain;
      return name === "$" ? "$" : lookup(name);
    },
  );
}
