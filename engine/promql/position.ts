/** A part of a query text: offsets in UTF-16 code units, from 0, `start` inclusive, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A place in a query text. */
export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1, counted in UTF-8 bytes as upstream does. */
  readonly column: number;
  /** In UTF-16 code units, from 0. */
  readonly offset: number;
}

/** Where `offset` lies in `query`; an offset outside of the text is moved to its nearest end. */
export function positionAt(query: string, offset: number): Position {
  const at = Math.max(0, Math.min(offset, query.length));
  let line = 1, lineStart = 0;
  for (let i = query.indexOf("\n"); i >= 0 && i < at; i = query.indexOf("\n", i + 1)) {
    line++;
    lineStart = i + 1;
  }
  return { line, column: 1 + utf8Length(query.slice(lineStart, at)), offset: at };
}

/** `line:column` of the start of `span`, the form that error messages and annotations carry. */
export function formatPosition(query: string, span: Span): string {
  if (query === "") return "unknown position";
  const { line, column } = positionAt(query, span.start);
  return `${line}:${column}`;
}

/** The number of bytes of `text` in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 4;
      i++;
    } else bytes += 3;
  }
  return bytes;
}
