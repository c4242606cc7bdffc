const SHOWN_MAX = 120;

/** A body that breaks the rules of its format. Fails the scrape. */
export class ExpositionError extends Error {
  override readonly name = "ExpositionError";
  readonly reason: string;
  /** Line of the body, from 1; 0 where unknown, as in the protobuf format. */
  readonly line: number;
  /** The offending text, shortened. */
  readonly text: string;

  constructor(reason: string, options: { line?: number; text?: string; cause?: unknown } = {}) {
    const { line = 0, text = "", cause } = options;
    const shown = text.length > SHOWN_MAX ? text.slice(0, SHOWN_MAX) + "…" : text;
    const where = line > 0 ? ` (line ${line})` : "";
    super(reason + (shown === "" ? "" : ` while parsing: ${JSON.stringify(shown)}`) + where, { cause });
    this.reason = reason;
    this.line = line;
    this.text = shown;
  }

  /** The same error with its line. */
  atLine(line: number): ExpositionError {
    return new ExpositionError(this.reason, { line, text: this.text, cause: this.cause });
  }
}
