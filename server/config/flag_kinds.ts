import { formatDuration, parseDuration } from "../../engine/duration.ts";
import { formatSize, parseSize } from "./size.ts";

/** One command-line flag: how it is read, shown and explained. */
export interface FlagKind<T, Unit extends string = ""> {
  readonly help: string;
  readonly initial: T;
  /** Appended to the property's name: `Ms`, `Bytes` or nothing. */
  readonly unit: Unit;
  /** What stands for the value in the help; undefined for a switch, which has `--no-…` too. */
  readonly placeholder?: string;
  readonly isRepeatable?: boolean;
  readonly mode?: "server" | "agent";
  readonly isHidden?: boolean;
  /** The value after `text` was given, `previous` being undefined the first time. @throws If it does not fit. */
  read?(text: string, previous: T | undefined): T;
  show(value: T): string;
}

export interface FlagOptions {
  readonly mode?: "server" | "agent";
  readonly hidden?: true;
}

const common = ({ mode, hidden }: FlagOptions) => ({ mode, isHidden: hidden === true });

export function text(
  initial: string,
  help: string,
  options: FlagOptions & { readonly placeholder?: string } = {},
): FlagKind<string> {
  const { placeholder = "text" } = options;
  return {
    ...common(options),
    help,
    initial,
    unit: "",
    placeholder,
    read: (given) => given,
    show: (value) => value,
  };
}

/** Given once per value. */
export function texts(
  initial: readonly string[],
  help: string,
  options: FlagOptions & { readonly check?: (text: string) => string | undefined } = {},
): FlagKind<readonly string[]> {
  return {
    ...common(options),
    help,
    initial,
    unit: "",
    placeholder: "text",
    isRepeatable: true,
    read(given, previous = []) {
      const reason = options.check?.(given);
      if (reason !== undefined) throw new RangeError(reason);
      return [...previous, given];
    },
    show: (value) => value.join(","),
  };
}

export function choice(
  initial: string,
  values: readonly string[],
  help: string,
  options: FlagOptions = {},
): FlagKind<string> {
  return {
    ...text(initial, `${help} One of: [${values.join(", ")}]`, { ...options, placeholder: values.join("|") }),
    read(given) {
      if (!values.includes(given)) {
        throw new RangeError(`enum value must be one of ${values.join(",")}, got '${given}'`);
      }
      return given;
    },
  };
}

export function toggle(initial: boolean, help: string, options: FlagOptions = {}): FlagKind<boolean> {
  return { ...common(options), help, initial, unit: "", show: String };
}

export function number(
  initial: number,
  help: string,
  options: FlagOptions & { readonly min?: number; readonly max?: number; readonly fraction?: true } = {},
): FlagKind<number> {
  const { min = -Infinity, max = Infinity, fraction } = options;
  return {
    ...common(options),
    help,
    initial,
    unit: "",
    placeholder: "number",
    read(given) {
      const value = Number(given);
      if (
        !/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(given) || !(fraction || Number.isSafeInteger(value))
      ) {
        throw new SyntaxError(`expected a ${fraction ? "" : "whole "}number, got ${JSON.stringify(given)}`);
      }
      if (value < min) throw new RangeError(`expected a number of at least ${min}, got ${given}`);
      if (value > max) throw new RangeError(`expected a number of at most ${max}, got ${given}`);
      return value;
    },
    show: String,
  };
}

/** A duration in ms. */
export function period(initialMs: number, help: string, options: FlagOptions = {}): FlagKind<number, "Ms"> {
  return {
    ...common(options),
    help,
    initial: initialMs,
    unit: "Ms",
    placeholder: "duration",
    read: parseDuration,
    show: formatDuration,
  };
}

/** A size in bytes. */
export function bytes(initial: number, help: string, options: FlagOptions = {}): FlagKind<number, "Bytes"> {
  return {
    ...common(options),
    help,
    initial,
    unit: "Bytes",
    placeholder: "size",
    read: parseSize,
    show: formatSize,
  };
}
