/** A key's place in a document: `["scrape_configs", 0, "job_name"]`. */
export type KeyPath = readonly (string | number)[];

/** What is wrong at one place of a configuration file. */
export interface ConfigProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** `scrape_configs[0].job_name`; "" is the whole document. */
  readonly keyPath: string;
  /** What is wrong, in upstream's words where upstream has the same rule. */
  readonly reason: string;
  /** What the file says there; secrets are masked. */
  readonly found: string;
  /** What would be right there, where that can be said. */
  readonly expected?: string;
  /** What to do about it. */
  readonly fix: string;
}

/** Everything found wrong, at least one. */
export type ConfigProblems = readonly [ConfigProblem, ...ConfigProblem[]];

/** A configuration file that cannot be used. Its own fields are those of the first of its `problems`. */
export class ConfigError extends Error implements ConfigProblem {
  override readonly name = "ConfigError";
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly keyPath: string;
  readonly reason: string;
  readonly found: string;
  readonly expected?: string;
  readonly fix: string;
  readonly problems: ConfigProblems;

  constructor(problems: ConfigProblems, options?: ErrorOptions) {
    const [first] = problems;
    super(
      `parsing YAML file ${first.file}: ${problems.map(describe).join("\n")}`,
      options,
    );
    this.problems = problems;
    this.file = first.file;
    this.line = first.line;
    this.column = first.column;
    this.keyPath = first.keyPath;
    this.reason = first.reason;
    this.found = first.found;
    this.expected = first.expected;
    this.fix = first.fix;
  }
}

function describe({ line, column, keyPath, reason, found, expected, fix }: ConfigProblem): string {
  const where = `line ${line}, column ${column}${keyPath === "" ? "" : `, key ${keyPath}`}`;
  return `${reason} (${where}; found ${found}${expected ? `; expected ${expected}` : ""}): ${fix}`;
}

/** `scrape_configs[0].job_name` */
export function formatKeyPath(path: KeyPath): string {
  return path.map((part, i) => typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`).join("");
}
