/** The remote-write messages, the first being what is meant where none is named. */
export const WRITE_MESSAGES = ["prometheus.WriteRequest", "io.prometheus.write.v2.Request"] as const;

/** Upstream's error for a name that is no remote-write message. */
export function checkWriteMessage(name: string): string | undefined {
  if ((WRITE_MESSAGES as readonly string[]).includes(name)) return undefined;
  return `unknown type for remote write protobuf message ${name}, supported: ${WRITE_MESSAGES.join(", ")}`;
}
