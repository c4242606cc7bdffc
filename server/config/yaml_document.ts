import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
} from "yaml";
import type { z } from "zod";
import { ConfigError, type ConfigProblem, formatKeyPath, type KeyPath } from "./config_error.ts";
import {
  isYamlMap,
  PlainScalar,
  resolvePlainScalar,
  tagOf,
  type YamlMap,
  type YamlValue,
} from "./yaml_scalar.ts";

/** Nodes that a document may expand to, aliases counted each time: past this a small file could fill the memory. */
const NODES_MAX = 1_000_000;

/** What a check adds to an issue so that the error can say how to fix it. */
export interface ProblemDetails {
  readonly expected?: string;
  readonly fix?: string;
}

/** Offsets into the text of a key (or list item) and of its value. */
interface Place {
  readonly key: number;
  readonly value: number;
}

/**
 * One YAML document: its values, and where in the file each of them stands. As upstream, only the first document of
 * a file counts, and a key given twice is an error.
 */
export class YamlDocument {
  readonly file: string;
  readonly root: YamlValue;
  readonly #lines = new LineCounter();
  readonly #places = new WeakMap<object, Map<string | number, Place>>();
  #anchors: (alias: Node) => Node | undefined = () => undefined;
  #nodes = 0;

  /** @throws {ConfigError} If `text` is not YAML. */
  constructor(file: string, text: string) {
    this.file = file;
    const documents = parseAllDocuments(text, {
      schema: "failsafe",
      lineCounter: this.#lines,
      uniqueKeys: false,
      logLevel: "silent",
      prettyErrors: false,
    });
    const document = "empty" in documents ? undefined : documents[0];
    const syntaxError = document?.errors[0];
    if (syntaxError !== undefined) {
      throw new ConfigError([{
        file,
        ...this.#position(syntaxError.pos[0]),
        keyPath: "",
        reason: `yaml: ${syntaxError.message}`,
        found: JSON.stringify(text.slice(syntaxError.pos[0]).split("\n", 1)[0].slice(0, 40)),
        expected: "valid YAML",
        fix:
          "correct the syntax at this place; indentation and unclosed quotes or brackets are the usual causes",
      }], { cause: syntaxError });
    }
    this.#anchors = (alias) => isAlias(alias) && document !== undefined ? alias.resolve(document) : undefined;
    this.root = this.#read(document?.contents ?? null, []);
  }

  /**
   * The document's root, checked and converted by `schema`.
   * @throws {ConfigError} With every problem that `schema` found.
   */
  parse<T>(schema: z.ZodType<T>): T {
    const result = schema.safeParse(this.root);
    if (result.success) return result.data;
    const problems = result.error.issues.map((issue) =>
      this.#problem(
        issue.path as KeyPath,
        issue.message,
        issue.code === "custom" ? issue.params as ProblemDetails | undefined : undefined,
      )
    );
    throw new ConfigError(problems as [ConfigProblem, ...ConfigProblem[]]);
  }

  /** An error at `path`, or at the nearest key above it that the file has. */
  error(path: KeyPath, reason: string, details?: ProblemDetails): ConfigError {
    return new ConfigError([this.#problem(path, reason, details)]);
  }

  #problem(path: KeyPath, reason: string, details: ProblemDetails = {}): ConfigProblem {
    const { offset, value } = this.#locate(path);
    return {
      file: this.file,
      ...this.#position(offset),
      keyPath: formatKeyPath(path),
      reason,
      found: describeFound(value, path),
      expected: details.expected,
      fix: details.fix ?? "change or remove this key",
    };
  }

  /** Where `path` stands, and its value; undefined where the file does not have it. */
  #locate(path: KeyPath): { offset: number; value: YamlValue | undefined } {
    let value: YamlValue | undefined = this.root, offset = 0;
    for (const part of path) {
      const places: Map<string | number, Place> | undefined = typeof value === "object" && value !== null
        ? this.#places.get(value)
        : undefined;
      const place = places?.get(part);
      if (place === undefined) return { offset, value: undefined };
      value = (value as Record<string | number, YamlValue>)[part];
      offset = place.key;
    }
    return { offset, value };
  }

  #position(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  #fail(node: Node | null, path: KeyPath, reason: string, fix: string): ConfigError {
    const position = this.#position(node?.range?.[0] ?? 0);
    const found = isAlias(node)
      ? `*${node.source}`
      : isScalar(node)
      ? describeFound(String(node.value), path)
      : "a node";
    return new ConfigError([{
      file: this.file,
      ...position,
      keyPath: formatKeyPath(path),
      reason,
      found,
      fix,
    }]);
  }

  #read(node: Node | null, path: KeyPath): YamlValue {
    if (++this.#nodes > NODES_MAX) {
      throw this.#fail(node, path, "yaml: document contains excessive aliasing", "write the values out");
    }
    if (node === null) return null;
    if (isAlias(node)) {
      const target = this.#anchors(node);
      if (target === undefined) {
        throw this.#fail(
          node,
          path,
          `yaml: unknown anchor '${node.source}' referenced`,
          "define the anchor above",
        );
      }
      return this.#read(target, path);
    }
    if (isScalar(node)) return this.#readScalar(node, path);
    if (isSeq(node)) {
      const places = new Map<string | number, Place>();
      const list = node.items.map((item, i) => {
        const child = isNode(item) ? item : null;
        const offset = child?.range?.[0] ?? node.range?.[0] ?? 0;
        places.set(i, { key: offset, value: offset });
        return this.#read(child, [...path, i]);
      });
      this.#places.set(list, places);
      return list;
    }
    if (isMap(node)) return this.#readMap(node.items.filter(isPair), path);
    throw this.#fail(node, path, "yaml: unknown node", "use mappings, lists and scalars");
  }

  #readScalar(
    node: Node & { value: unknown; source?: string; type?: string; tag?: string },
    path: KeyPath,
  ): YamlValue {
    const source = node.source ?? String(node.value ?? "");
    switch (node.tag) {
      case "tag:yaml.org,2002:binary":
        return this.#readBinary(node, source, path);
      case "tag:yaml.org,2002:str":
        return source;
      case undefined:
        return node.type === "PLAIN" ? resolvePlainScalar(source) : source;
      default:
        return resolvePlainScalar(source);
    }
  }

  /** Bytes that are not UTF-8 become lone surrogates, which no valid text has. */
  #readBinary(node: Node, source: string, path: KeyPath): string {
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = Uint8Array.fromBase64(source);
    } catch {
      throw this.#fail(
        node,
        path,
        "yaml: !!binary value contains invalid base64 data",
        "encode the value as base64",
      );
    }
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return String.fromCharCode(...Array.from(bytes, (byte) => byte < 0x80 ? byte : 0xdc00 + byte));
    }
  }

  #readMap(pairs: Pair[], path: KeyPath): YamlMap {
    const map: YamlMap = Object.create(null);
    const places = new Map<string | number, Place>();
    this.#places.set(map, places);
    const merges: [Node | null, KeyPath][] = [];
    for (const { key, value } of pairs) {
      const keyNode = isNode(key) ? key : null, valueNode = isNode(value) ? value : null;
      if (!isScalar(keyNode)) {
        throw this.#fail(keyNode, path, "yaml: a mapping key must be a scalar", "use a plain text key");
      }
      const name = keyName(this.#readScalar(keyNode, path));
      const at = [...path, name];
      if (name === "<<" && keyNode.type === "PLAIN") {
        merges.push([valueNode, at]);
        continue;
      }
      if (places.has(name)) {
        throw this.#fail(keyNode, at, `field ${name} already set in type mapping`, "keep one of the two");
      }
      const offset = keyNode.range?.[0] ?? 0;
      places.set(name, { key: offset, value: valueNode?.range?.[0] ?? offset });
      map[name] = this.#read(valueNode, at);
    }
    for (const [node, at] of merges) this.#merge(map, this.#read(node, at), node, at);
    return map;
  }

  /** `<<`: takes over the keys that `map` does not have, from a mapping or a list of mappings. */
  #merge(map: YamlMap, source: YamlValue, node: Node | null, path: KeyPath): void {
    const sources = Array.isArray(source) ? source : [source];
    const places = this.#places.get(map)!;
    for (const from of sources) {
      if (!isYamlMap(from)) {
        throw this.#fail(
          node,
          path,
          "yaml: map merge requires map or sequence of maps as the value",
          "merge a mapping",
        );
      }
      for (const name of Object.keys(from)) {
        if (places.has(name)) continue;
        map[name] = from[name];
        places.set(name, this.#places.get(from)!.get(name)!);
      }
    }
  }
}

function keyName(value: YamlValue): string {
  if (value instanceof PlainScalar) return value.source;
  return value === null ? "null" : value as string;
}

const SECRET_KEY = /(secret|password|passphrase|token|credentials|key)s?$/;

/** Mappings whose values may be secrets under any key. */
const HIDDEN_MAP = /headers$|^proxy_connect_header$|^basic_auth_users$|^claims$|^endpoint_params$/;

/** What the file says, short enough for a message and without secrets. */
function describeFound(value: YamlValue | undefined, path: KeyPath): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isYamlMap(value)) {
    const keys = Object.keys(value);
    return keys.length === 0
      ? "an empty mapping"
      : `a mapping with ${keys.slice(0, 8).join(", ")}${keys.length > 8 ? ", …" : ""}`;
  }
  const names = path.filter((part) => typeof part === "string");
  if (SECRET_KEY.test(names.at(-1) ?? "") || names.some((name) => HIDDEN_MAP.test(name))) {
    return "a hidden value";
  }
  const text = (value instanceof PlainScalar ? value.source : JSON.stringify(value))
    .replace(/(:\/\/[^/@:]*):[^/@]*@/, "$1:xxxxx@");
  return `${tagOf(value).slice(2)} ${text.length > 60 ? text.slice(0, 60) + "…" : text}`;
}
