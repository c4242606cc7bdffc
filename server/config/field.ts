import { posix } from "node:path";
import { YAMLSeq } from "yaml";
import { z } from "zod";
import { quote } from "../../engine/labels/labels.ts";
import { didYouMean } from "./did_you_mean.ts";
import { formatDuration, parseDuration } from "../../engine/duration.ts";
import { Secret, SECRET_MASK } from "./secret.ts";
import { formatSize, parseSize } from "./size.ts";
import type { ProblemDetails } from "./yaml_document.ts";
import { isYamlMap, PlainScalar, tagOf, type YamlValue } from "./yaml_scalar.ts";

/**
 * A key of a configuration section: how it is read, checked, completed and printed, in one place.
 *
 * Absence and null differ, as upstream: an absent key takes its default, an explicit null the empty value of its type
 * (false, 0, "", no items).
 */
export interface Field<T, Unit extends string = ""> {
  /** Reads the YAML value; undefined (an absent key) becomes the default. */
  readonly schema: z.ZodType<T>;
  /** What an explicit null means. */
  readonly zero: T;
  /** What an absent key means. */
  readonly initial: T;
  /** Appended to the property's name: `Ms`, `Bytes` or nothing. */
  readonly unit: Unit;
  /** Whether it is printed even where it is empty. */
  readonly printedEmpty: boolean;
  isEmpty(value: T): boolean;
  /** The value as `yaml` takes it; secrets masked. */
  print(value: T): unknown;
  /** The value with its relative file paths resolved against `directory`. */
  located?(value: T, directory: string): T;
}

export interface FieldOptions<T> {
  readonly initial?: T;
  /** Print it even where it is empty. */
  readonly printed?: "always";
}

/** A value that a field refuses: the reason and how to fix it. */
export class FieldError extends Error {
  constructor(reason: string, readonly details: ProblemDetails) {
    super(reason);
  }
}

interface ScalarSpec<T, Unit extends string> {
  readonly unit: Unit;
  /** Upstream's name of the type, for messages. */
  readonly type: string;
  readonly zero: T;
  /** @throws If the value does not fit. */
  decode(value: Exclude<YamlValue, null>): T;
  print?(value: T): unknown;
  isEmpty?(value: T): boolean;
  located?(value: T, directory: string): T;
  readonly details: ProblemDetails;
}

function scalar<T, Unit extends string>(
  spec: ScalarSpec<T, Unit>,
  options: FieldOptions<T> = {},
): Field<T, Unit> {
  const initial = options.initial ?? spec.zero;
  return {
    schema: z.unknown().optional().transform((input, ctx) => {
      if (input === undefined) return initial;
      if (input === null) return spec.zero;
      const value = input as Exclude<YamlValue, null>;
      try {
        return spec.decode(value);
      } catch (error) {
        const params = error instanceof FieldError ? { ...spec.details, ...error.details } : spec.details;
        ctx.addIssue({ code: "custom", message: (error as Error).message, params });
        return z.NEVER;
      }
    }),
    zero: spec.zero,
    initial,
    unit: spec.unit,
    printedEmpty: options.printed === "always",
    isEmpty: spec.isEmpty ?? ((value) => value === spec.zero),
    print: spec.print ?? ((value) => value),
    located: spec.located,
  };
}

/** The text of a scalar; a list or mapping is refused as upstream does. */
function textOf(value: Exclude<YamlValue, null>, type: string): string {
  if (typeof value === "string") return value;
  if (value instanceof PlainScalar) return value.source;
  throw mismatch(value, type);
}

/** Upstream's error for a value of the wrong kind. */
export function mismatch(value: YamlValue, type: string): Error {
  const text = typeof value === "string" ? value : value instanceof PlainScalar ? value.source : undefined;
  return new Error(
    `cannot unmarshal ${tagOf(value)}${text === undefined ? "" : ` \`${text.slice(0, 40)}\``} into ${type}`,
  );
}

/**
 * A text.
 * @param options.check Throws a `FieldError` for a text that is not allowed.
 * @param options.hidden A value that is not printed, instead of "".
 */
export function string(
  options: FieldOptions<string> & { readonly check?: (text: string) => void; readonly hidden?: string } = {},
): Field<string> {
  const { check, hidden = "" } = options;
  return scalar({
    unit: "",
    type: "string",
    zero: "",
    isEmpty: (value) => value === hidden,
    decode(value) {
      const text = textOf(value, "string");
      check?.(text);
      return text;
    },
    details: { expected: "a text", fix: "give one text, in quotes if it looks like something else" },
  }, options);
}

/** One of `values`, or "" where the key is absent or null; `message` is upstream's text for any other value. */
export function oneOf<const V extends string>(
  values: readonly V[],
  message: (found: string) => string,
  options: FieldOptions<V | ""> & { readonly ignoreCase?: true } = {},
): Field<V | ""> {
  return scalar<V | "", "">({
    unit: "",
    type: "string",
    zero: "",
    decode(value) {
      const text = textOf(value, "string");
      const match = options.ignoreCase ? text.toLowerCase() : text;
      if (values.includes(match as V)) return match as V;
      const near = didYouMean(text.toLowerCase(), values);
      throw new FieldError(message(text), near === undefined ? {} : { fix: `use ${JSON.stringify(near)}` });
    },
    details: {
      expected: `one of ${values.filter((value) => value !== "").join(", ")}`,
      fix: "use one of these values",
    },
  }, options);
}

/** A file path; relative ones are resolved against the directory of the configuration file. */
export function path(options?: FieldOptions<string>): Field<string> {
  return { ...string(options), located: joinDirectory };
}

/** `file` relative to `directory`; absolute and empty paths stay. */
function joinDirectory(file: string, directory: string): string {
  return file === "" || posix.isAbsolute(file) || /^[A-Za-z]:[\\/]/.test(file)
    ? file
    : posix.join(directory, file);
}

export function secret(options?: FieldOptions<Secret>): Field<Secret> {
  return scalar({
    unit: "",
    type: "config.Secret",
    zero: Secret.none,
    decode(value) {
      if (typeof value === "string") return new Secret(value);
      if (value instanceof PlainScalar) return new Secret(value.source);
      throw new Error(`cannot unmarshal ${tagOf(value)} into config.Secret`);
    },
    isEmpty: (value) => value.isEmpty,
    print: (value) => value.isEmpty ? null : SECRET_MASK,
    details: { expected: "a text", fix: "give one text" },
  }, options);
}

export function bool(options?: FieldOptions<boolean>): Field<boolean> {
  return scalar({
    unit: "",
    type: "bool",
    zero: false,
    decode(value) {
      if (value instanceof PlainScalar && typeof value.value === "boolean") return value.value;
      throw mismatch(value, "bool");
    },
    details: { expected: "true or false", fix: "write true or false, without quotes" },
  }, options);
}

/** A boolean that may be left to an enclosing section. */
export function maybeBool(): Field<boolean | undefined> {
  const inner = bool();
  return {
    schema: z.unknown().optional().transform((input, ctx) =>
      input == null ? undefined : readWith(inner.schema, input, ctx)
    ),
    zero: undefined,
    initial: undefined,
    unit: "",
    printedEmpty: false,
    isEmpty: (value) => value === undefined,
    print: (value) => value,
  };
}

/** Reads `input` with another schema; its issues become those of `ctx`. */
export function readWith<T>(schema: z.ZodType<T>, input: unknown, ctx: z.RefinementCtx): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  for (const issue of result.error.issues) ctx.addIssue({ ...issue } as Parameters<typeof ctx.addIssue>[0]);
  return z.NEVER;
}

function integer(type: string, min: number, options?: FieldOptions<number>): Field<number> {
  return scalar({
    unit: "",
    type,
    zero: 0,
    decode(value) {
      const number = value instanceof PlainScalar ? value.value : undefined;
      if (typeof number !== "number" || !Number.isInteger(number) || number < min || number >= 2 ** 64) {
        throw mismatch(value, type);
      }
      return number;
    },
    details: {
      expected: min === 0 ? "a whole number from 0" : "a whole number",
      fix: "write the number without quotes or unit",
    },
  }, options);
}

export function int(options?: FieldOptions<number>): Field<number> {
  return integer("int", -(2 ** 63), options);
}

export function uint(options?: FieldOptions<number>): Field<number> {
  return integer("uint", 0, options);
}

export function float(options?: FieldOptions<number>): Field<number> {
  return scalar({
    unit: "",
    type: "float64",
    zero: 0,
    decode(value) {
      if (value instanceof PlainScalar && typeof value.value === "number") return value.value;
      throw mismatch(value, "float64");
    },
    details: { expected: "a number", fix: "write the number without quotes" },
  }, options);
}

/** A duration in ms. */
export function duration(options?: FieldOptions<number>): Field<number, "Ms"> {
  return scalar({
    unit: "Ms",
    type: "model.Duration",
    zero: 0,
    decode: (value) => parseDuration(textOf(value, "model.Duration")),
    print: formatDuration,
    details: {
      expected: "a duration such as 30s, 1m30s or 2h",
      fix: "use whole numbers with the units y w d h m s ms, largest first, no sign and no spaces",
    },
  }, options);
}

/** A size in bytes. */
export function size(options?: FieldOptions<number>): Field<number, "Bytes"> {
  return scalar({
    unit: "Bytes",
    type: "units.Base2Bytes",
    zero: 0,
    decode: (value) => parseSize(textOf(value, "units.Base2Bytes")),
    print: formatSize,
    details: { expected: "a size such as 15MB", fix: "add a unit: B KB MB GB TB PB EB" },
  }, options);
}

/** A URL as text; "" where not set. Its password is masked when printed. */
export function url(options?: FieldOptions<string>): Field<string> {
  return scalar({
    unit: "",
    type: "config.URL",
    zero: "",
    decode(value) {
      const text = textOf(value, "config.URL");
      parseGoUrl(text);
      return text;
    },
    print: (value) => value.replace(/^([a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/@:?#]*):[^/?#]*@/, "$1:xxxxx@"),
    details: { expected: "a URL such as http://localhost:9090", fix: "correct the URL" },
  }, options);
}

/**
 * Scheme and host of a URL, "" where it has none; relative URLs are allowed, as upstream's parser does.
 * @throws {SyntaxError} If the text cannot be a URL.
 */
export function parseGoUrl(text: string): { scheme: string; host: string } {
  const fail = (reason: string) => new SyntaxError(`parse ${quote(text)}: ${reason}`);
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f]/.test(text)) throw fail("net/url: invalid control character in URL");
  if (text.startsWith(":")) throw fail("missing protocol scheme");
  const [, scheme = "", rest] = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(.*)$/.exec(text)!;
  if (scheme === "" && /^[^/?#]*:/.test(rest)) throw fail("first path segment in URL cannot contain colon");
  const badEscape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(rest.split("?", 1)[0]);
  if (badEscape !== null) throw fail(`invalid URL escape ${quote(badEscape[0])}`);
  const authority = /^\/\/([^/?#]*)/.exec(rest)?.[1] ?? "";
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  if (/[ <>"{}|\\^`]/.test(host)) throw fail("invalid character in host name");
  const port = host.startsWith("[") ? host.slice(host.indexOf("]") + 1) : host.slice(host.search(/:|$/));
  if (scheme !== "unix" && !/^(:[0-9]*)?$/.test(port)) throw fail(`invalid port ${quote(port)} after host`);
  return { scheme: scheme.toLowerCase(), host };
}

/** A list. A null item is refused with `nullItem`, or is the empty value where that is not given. */
export function list<T>(
  item: Pick<Field<T, string>, "schema" | "print" | "located">,
  options: FieldOptions<readonly T[]> & { readonly nullItem?: string; readonly flow?: true } = {},
): Field<readonly T[]> {
  const items = options.nullItem === undefined ? item.schema : z.unknown().superRefine((value, ctx) => {
    if (value !== null) return;
    const params = { expected: "an item", fix: "remove the empty list item, or fill it in" };
    ctx.addIssue({ code: "custom", message: options.nullItem!, params });
  }).pipe(item.schema);
  const initial = options.initial ?? [];
  return {
    schema: z.unknown().optional()
      .transform((input) => input === undefined ? undefined : input ?? [])
      .superRefine((value, ctx) => {
        if (value === undefined || Array.isArray(value)) return;
        const message = mismatch(value as YamlValue, "a list").message;
        ctx.addIssue({
          code: "custom",
          message,
          params: { expected: "a list", fix: "write it as [a, b] or as lines with -" },
        });
      })
      .pipe(z.array(items).optional().transform((value) => value ?? initial)),
    zero: [],
    initial,
    unit: "",
    printedEmpty: options.printed === "always",
    isEmpty: (value) => value.length === 0,
    print(value) {
      const printed = value.map((entry) => item.print(entry));
      if (!options.flow) return printed;
      const flow = new YAMLSeq();
      flow.flow = true;
      flow.items = printed;
      return flow;
    },
    located: item.located === undefined
      ? undefined
      : (value, directory) => value.map((entry) => item.located!(entry, directory)),
  };
}

/** A list that may be left to an enclosing section; an empty one is not the same as none. */
export function maybeList<T>(item: Field<T, string>): Field<readonly T[] | undefined> {
  const inner = list(item);
  return {
    ...inner,
    schema: z.unknown().optional().transform((input, ctx) =>
      input == null ? undefined : readWith(inner.schema, input, ctx)
    ),
    zero: undefined,
    initial: undefined,
    isEmpty: (value) => value === undefined || value.length === 0,
    print: (value) => inner.print(value ?? []),
    located: undefined,
  };
}

/** A mapping with free keys; `checkKey` returns what is wrong with a key, if anything. */
export function map<T>(
  item: Pick<Field<T, string>, "schema" | "print" | "located">,
  checkKey: (key: string) => string | undefined = () => undefined,
): Field<Readonly<Record<string, T>>> {
  const entriesOf = (value: Readonly<Record<string, T>>) => Object.entries(value);
  return {
    schema: z.unknown().optional().superRefine((value, ctx) => {
      if (value == null) return;
      if (!isYamlMap(value)) {
        const message = mismatch(value as YamlValue, "a mapping").message;
        ctx.addIssue({
          code: "custom",
          message,
          params: { expected: "a mapping", fix: "write it as key: value lines" },
        });
        return;
      }
      for (const key of Object.keys(value)) {
        const message = checkKey(key);
        if (message !== undefined) {
          ctx.addIssue({ code: "custom", message, path: [key], params: { fix: "rename it" } });
        }
      }
    }).transform((value) => value ?? {}).pipe(z.record(z.string(), item.schema)),
    zero: {},
    initial: {},
    unit: "",
    printedEmpty: false,
    isEmpty: (value) => Object.keys(value).length === 0,
    print: (value) =>
      Object.fromEntries(
        entriesOf(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, entry]) => [key, item.print(entry)]),
      ),
    located: item.located === undefined
      ? undefined
      : (value, directory) =>
        Object.fromEntries(entriesOf(value).map(([key, entry]) => [key, item.located!(entry, directory)])),
  };
}
