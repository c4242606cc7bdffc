/** The part of JSON Schema that the API's description uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: "object" | "array" | "string" | "number" | "integer" | "boolean";
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly format?: string;
}

const KNOWN = new Set([
  ...[
    "$ref",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "minItems",
    "maxItems",
    "enum",
  ],
  ...["anyOf", "oneOf", "format", "description", "example", "examples", "default"],
]);

/** What of `value` does not fit the schema, each with its place; empty where all of it fits. */
export function violations(
  schema: Schema,
  value: unknown,
  definitions: Readonly<Record<string, Schema>>,
): string[] {
  const found: string[] = [];
  check(schema, value, "$", found);
  return found;

  function check(schema: Schema, value: unknown, at: string, found: string[]): void {
    const unknown = Object.keys(schema).filter((key) => !KNOWN.has(key));
    if (unknown.length > 0) {
      throw new TypeError(`The schema at ${at} uses ${unknown.join(", ")}: teach this validator`);
    }
    if (schema.$ref !== undefined) {
      const name = schema.$ref.replace("#/components/schemas/", "");
      const target = definitions[name];
      if (target === undefined) {
        throw new TypeError(`The schema at ${at} refers to ${schema.$ref}, which is not there`);
      }
      check(target, value, at, found);
    }
    const fits = (option: Schema) => {
      const inner: string[] = [];
      check(option, value, at, inner);
      return inner.length === 0;
    };
    if (schema.anyOf !== undefined && !schema.anyOf.some(fits)) found.push(`${at}: fits none of anyOf`);
    if (schema.oneOf !== undefined) {
      const count = schema.oneOf.filter(fits).length;
      if (count !== 1) found.push(`${at}: fits ${count} of oneOf`);
    }
    if (schema.type !== undefined && !isOfType(value, schema.type)) {
      found.push(`${at}: expected ${schema.type}, found ${JSON.stringify(value)}`);
      return;
    }
    if (schema.enum !== undefined && !schema.enum.includes(value)) found.push(`${at}: not in ${schema.enum}`);
    if (schema.format === "date-time" && Number.isNaN(Date.parse(String(value)))) {
      found.push(`${at}: not a time`);
    }
    if (Array.isArray(value)) checkArray(schema, value, at, found);
    else if (typeof value === "object" && value !== null) checkObject(schema, value, at, found);
  }

  function checkArray(schema: Schema, value: readonly unknown[], at: string, found: string[]): void {
    if (value.length < (schema.minItems ?? 0)) found.push(`${at}: fewer than ${schema.minItems} items`);
    if (value.length > (schema.maxItems ?? Infinity)) found.push(`${at}: more than ${schema.maxItems} items`);
    if (schema.items !== undefined) {
      value.forEach((item, i) => check(schema.items!, item, `${at}[${i}]`, found));
    }
  }

  function checkObject(schema: Schema, value: object, at: string, found: string[]): void {
    for (const name of schema.required ?? []) {
      if (!Object.hasOwn(value, name)) found.push(`${at}: lacks ${name}`);
    }
    for (const [name, entry] of Object.entries(value)) {
      const known = schema.properties?.[name];
      if (known !== undefined) check(known, entry, `${at}.${name}`, found);
      else if (schema.additionalProperties === false) found.push(`${at}: has ${name}`);
      else if (typeof schema.additionalProperties === "object") {
        check(schema.additionalProperties, entry, `${at}.${name}`, found);
      }
    }
  }
}

function isOfType(value: unknown, type: NonNullable<Schema["type"]>): boolean {
  switch (type) {
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    case "string":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
  }
}
