import { DatabaseSync } from "node:sqlite";

/** What `copyKv` asks of the worker that this module is. */
export interface CopyRequest {
  readonly source: string;
  readonly destination: string;
  /** How long to wait for a lock, in ms. */
  readonly busyMs: number;
}

export interface CopyAnswer {
  /** Why the copy failed; not set where it succeeded. */
  readonly error?: string;
}

/** `VACUUM INTO` reads one snapshot; SQLite's backup API would start over at every commit to the source. */
function copy({ source, destination, busyMs }: CopyRequest): void {
  const db = new DatabaseSync(source, { timeout: busyMs, readOnly: true });
  try {
    db.prepare("VACUUM INTO ?").run(destination);
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
