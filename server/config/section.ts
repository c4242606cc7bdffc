import { z } from "zod";
import { didYouMean } from "./did_you_mean.ts";
import { type Field, mismatch, readWith } from "./field.ts";
import { isYamlMap, type YamlValue } from "./yaml_scalar.ts";

/** The keys of a section in the order in which they are printed. */
// deno-lint-ignore no-explicit-any
export type Shape = Readonly<Record<string, Field<any, string>>>;

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}`
  : S;
type UnitOf<F> = F extends { readonly unit: infer Unit extends string } ? Unit : never;
type TypeOf<F> = F extends { readonly schema: z.ZodType<infer T> } ? T : never;

/** What a shape reads: `scrape_interval: duration()` becomes `scrapeIntervalMs: number`. */
export type Read<S extends Shape> = {
  -readonly [K in keyof S & string as `${Camel<K>}${UnitOf<S[K]>}`]: TypeOf<S[K]>;
};

/** Reports a problem of a section at one of its keys, `at` being the path of keys as written in the file. */
export type Report = (at: string | readonly (string | number)[], reason: string, fix: string) => void;

/** A kind of mapping: its keys, the rules between them, and its printed form. */
export interface Section<T> {
  /** Accepts a mapping, not null. */
  readonly schema: z.ZodType<T>;
  /** Every key absent; rules between keys are not checked. */
  readonly initial: T;
  /** Every key null. */
  readonly zero: T;
  isEmpty(value: T): boolean;
  print(value: T): Record<string, unknown>;
  located(value: T, directory: string): T;
}

/**
 * Declares a kind of mapping. Unknown keys are errors.
 * @param name Names the kind in messages.
 * @param check Rules between keys, run once every key is well-formed; it may complete the value.
 */
export function section<S extends Shape>(
  name: string,
  shape: S,
  check?: (value: Read<S>, report: Report) => void,
): Section<Read<S>> {
  type T = Read<S>;
  const keys = Object.keys(shape);
  const properties = keys.map((key) => [key, camelCase(key) + shape[key].unit, shape[key]] as const);
  const build = (pick: (key: string) => unknown) =>
    Object.fromEntries(properties.map(([key, property]) => [property, pick(key)])) as T;

  const mapping = z.unknown().superRefine((value, ctx) => {
    if (!isYamlMap(value)) {
      const params = {
        expected: "a mapping",
        fix: `write it as key: value lines; keys are ${keys.slice(0, 6).join(", ")}`,
      };
      ctx.addIssue({ code: "custom", message: mismatch(value as YamlValue, name).message, params });
      return;
    }
    for (const key of Object.keys(value)) {
      if (Object.hasOwn(shape, key)) continue;
      const near = didYouMean(key, keys);
      ctx.addIssue({
        code: "custom",
        message: `field ${key} not found in type ${name}`,
        path: [key],
        params: {
          expected: near === undefined ? `one of ${keys.join(", ")}` : `a known key such as ${near}`,
          fix: near === undefined ? "remove the key" : `did you mean ${JSON.stringify(near)}?`,
        },
      });
    }
  });
  const fields = z.strictObject(Object.fromEntries(keys.map((key) => [key, shape[key].schema])));
  const schema = mapping.pipe(fields.transform((raw, ctx) => {
    const value = build((key) => raw[key]);
    check?.(value, (at, message, fix) => {
      ctx.addIssue({
        code: "custom",
        message,
        path: typeof at === "string" ? [at] : [...at],
        params: { fix },
      });
    });
    return value;
  }));

  const get = (value: T, property: string) => (value as Record<string, unknown>)[property];
  return {
    schema,
    initial: build((key) => shape[key].initial),
    zero: build((key) => shape[key].zero),
    isEmpty: (value) => properties.every(([, property, field]) => field.isEmpty(get(value, property))),
    print(value) {
      const printed: Record<string, unknown> = {};
      for (const [key, property, field] of properties) {
        const entry = get(value, property);
        // Upstream leaves out empty values even where an absent key means something else; then they are printed here.
        if (field.printedEmpty || !field.isEmpty(entry) || !field.isEmpty(field.initial)) {
          printed[key] = field.print(entry);
        }
      }
      return printed;
    },
    located: (value, directory) =>
      Object.fromEntries(properties.map(([, property, field]) => {
        const entry = get(value, property);
        return [property, field.located?.(entry, directory) ?? entry];
      })) as T,
  };
}

/** `enable_http2` → `enableHttp2` */
export function camelCase(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * A key that holds a section and always has a value.
 * @param absent What an absent key means: the section with every key absent, or with every key null.
 */
export function nested<T>(kind: Section<T>, absent: "initial" | "zero" = "initial"): Field<T> {
  const initial = kind[absent];
  return {
    schema: z.unknown().optional().transform((input, ctx) => {
      if (input === undefined) return initial;
      if (input === null) return kind.zero;
      return readWith(kind.schema, input, ctx);
    }),
    zero: kind.zero,
    initial,
    unit: "",
    printedEmpty: false,
    isEmpty: kind.isEmpty,
    print: kind.print,
    located: kind.located,
  };
}

/** A key that holds a section or nothing. */
export function optional<T>(kind: Section<T>): Field<T | undefined> {
  return {
    schema: z.unknown().optional().transform((input, ctx) =>
      input == null ? undefined : readWith(kind.schema, input, ctx)
    ),
    zero: undefined,
    initial: undefined,
    unit: "",
    printedEmpty: false,
    isEmpty: (value) => value === undefined,
    print: (value) => value === undefined ? null : kind.print(value),
    located: (value, directory) => value === undefined ? value : kind.located(value, directory),
  };
}
