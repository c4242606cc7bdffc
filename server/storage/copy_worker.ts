import { DatabaseSync } from "node:sqlite";

/** What `copyKv` asks of the worker that this module is. */
export interface CopyRequest {
  readonly source: string;
  readonly destination: string;
  /** How long to wait for a lock, in ms. */
  readonly busyMs: number;
  /** Keys whose first part is this are left out. */
  readonly without?: string;
}

export interface CopyAnswer {
  /** Why the copy failed; not set where it succeeded. */
  readonly error?: string;
}

/** `VACUUM INTO` reads one snapshot; SQLite's backup API would start over at every commit to the source. */
function copy({ source, destination, busyMs, without }: CopyRequest): void {
  const db = new DatabaseSync(source, { timeout: busyMs, readOnly: true });
  try {
    db.prepare("VACUUM INTO ?").run(destination);
  } finally {
    db.close();
  }
  if (without !== undefined) remove(without, destination);
}

/** Deno KV keeps a string of a key as 2, its bytes and 0, and a key as its parts one after another. */
function remove(firstPart: string, path: string): void {
  const db = new DatabaseSync(path);
  try {
    const bytes = new TextEncoder().encode(firstPart);
    db.exec("PRAGMA journal_mode = OFF"); // a copy that fails is thrown away
    db.prepare("DELETE FROM kv WHERE k > ? AND k < ?").run(
      Uint8Array.of(2, ...bytes, 0),
      Uint8Array.of(2, ...bytes, 1),
    );
    db.prepare("PRAGMA incremental_vacuum").all(); // a row per page
  } finally {
    db.close();
  }
}

const scope = self as unknown as {
  onmessage: (event: MessageEvent<CopyRequest>) => void;
  postMessage(answer: CopyAnswer): void;
};

scope.onmessage = ({ data }) => {
  try {
    copy(data);
    scope.postMessage({});
  } catch (error) {
    scope.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
};
