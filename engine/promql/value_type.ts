/** What an expression evaluates to. */
export type ValueType = "scalar" | "vector" | "matrix" | "string";

/** The type as the documentation names it. */
export function documentedType(type: ValueType): string {
  if (type === "vector") return "instant vector";
  return type === "matrix" ? "range vector" : type;
}
