/** The part of a metric to be written. @throws {TypeError} If it is missing. */
export function present<T>(part: T | undefined, what: string, name: string): T {
  if (part !== undefined) return part;
  throw new TypeError(
    `Cannot write metric family ${JSON.stringify(name)}: expected a ${what} in each metric`,
  );
}
