import { formatPosition, type Position, positionAt, type Span } from "./position.ts";

/** A query text that is not PromQL, or whose types do not fit. The message is upstream's. */
export class PromQLSyntaxError extends SyntaxError {
  override readonly name = "PromQLSyntaxError";
  readonly query: string;
  readonly span: Span;
  /** Where `span` starts. */
  readonly at: Position;
  /** The message without its position. */
  readonly reason: string;

  constructor(query: string, span: Span, reason: string, options?: ErrorOptions) {
    super(`${formatPosition(query, span)}: parse error: ${reason}`, options);
    this.query = query;
    this.span = span;
    this.at = positionAt(query, span.start);
    this.reason = reason;
  }
}
