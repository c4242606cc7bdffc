import type { Flags } from "./flags.ts";

/** What the commands are asked to do. */
export interface ServeRequest {
  readonly flags: Flags;
  /** Enabled by `--enable-feature`. */
  readonly features: ReadonlySet<string>;
  /** About the command line, for the log. */
  readonly warnings: readonly string[];
}
export interface ImportRequest {
  /** A file of OpenMetrics text, or `-` for standard input. */
  readonly file: string;
  readonly storagePath: string;
  /** Added to every series. */
  readonly labels: Readonly<Record<string, string>>;
}
export interface ExportRequest {
  /** Where to read: exactly one of the two is set. */
  readonly storagePath: string | undefined;
  readonly url: string | undefined;
  /** Series selectors; all series if empty. */
  readonly matches: readonly string[];
  /** RFC 3339 or Unix seconds, as given. */
  readonly start: string | undefined;
  readonly end: string | undefined;
  /** `-` for standard output. */
  readonly output: string;
}
export interface BackupRequest {
  /** The running server; of no account where `storagePath` is given. */
  readonly url: string;
  /** The data directory of a server that does not run. */
  readonly storagePath?: string;
  readonly directory: string;
}
export interface RestoreRequest {
  readonly directory: string;
  readonly storagePath: string;
}
export interface CheckRequest {
  readonly files: readonly string[];
  /** As for the server that is to use the files. */
  readonly features: ReadonlySet<string>;
  /** What is wrong with the names of the features. */
  readonly warnings: readonly string[];
}

/** The commands; each resolves to an exit code, undefined being 0. */
export interface Handlers {
  serve(request: ServeRequest): Promise<number | void>;
  import(request: ImportRequest): Promise<number | void>;
  export(request: ExportRequest): Promise<number | void>;
  backup(request: BackupRequest): Promise<number | void>;
  restore(request: RestoreRequest): Promise<number | void>;
  checkConfig(request: CheckRequest): Promise<number | void>;
  /** Without files, what standard input has. */
  checkRules(request: CheckRequest): Promise<number | void>;
}

/** The world of a command line. */
export interface ProgramHost {
  readonly version: string;
  /** The number of cores, for the default of `--storage.shards`. */
  readonly cores: number;
  stdout(text: string): void;
  stderr(text: string): void;
}

/** Exit codes, as upstream's. */
export const EXIT = { ok: 0, failure: 1, usage: 2, wrongMode: 3 } as const;
