/** What stands for a secret wherever it is printed. */
export const SECRET_MASK = "<secret>";

/** A secret value that shows as `<secret>` in text, JSON and inspection; only `reveal()` gives it away. */
export class Secret {
  static readonly none = new Secret("");
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** Whether no secret is set. */
  get isEmpty(): boolean {
    return this.#value === "";
  }

  /** The secret itself, for the request that needs it. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return this.isEmpty ? "" : SECRET_MASK;
  }

  toJSON(): string {
    return this.toString();
  }

  [Symbol.for("Deno.customInspect")](): string {
    return `Secret(${this.toString()})`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `Secret(${this.toString()})`;
  }
}
