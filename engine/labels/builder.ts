import { Labels } from "./labels.ts";

/**
 * Changes to a label set, applied at once by `labels()`. Labels are visited as upstream does: those of the
 * base first, by name, then the ones set since, in the order of their first `set`.
 */
export class LabelsBuilder {
  readonly #base: Labels;
  readonly #set = new Map<string, string>();
  readonly #deleted = new Set<string>();

  constructor(base: Labels) {
    this.#base = base;
  }

  /** The current value of `name`, or "" where the label is absent. */
  get(name: string): string {
    return this.#set.get(name) ?? (this.#deleted.has(name) ? "" : this.#base.get(name));
  }

  /** Sets a label; an empty value deletes it. */
  set(name: string, value: string): void {
    if (value === "") this.delete(name);
    else this.#set.set(name, value);
  }

  delete(name: string): void {
    this.#set.delete(name);
    this.#deleted.add(name);
  }

  /** A copy of the current labels as `[name, value]`: later changes do not show in it. */
  entries(): [name: string, value: string][] {
    const entries: [string, string][] = [];
    for (const label of this.#base) {
      if (!this.#set.has(label[0]) && !this.#deleted.has(label[0])) entries.push(label);
    }
    entries.push(...this.#set);
    return entries;
  }

  /** The label set with all changes; the base itself where there were none. */
  labels(): Labels {
    return this.#set.size === 0 && this.#deleted.size === 0 ? this.#base : Labels.from(this.entries());
  }
}
