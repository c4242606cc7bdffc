import type { MetricMetadata, MetricType } from "./metric_family.ts";

/** Bodies for which the metadata of a family outlive its last mention. */
const BODIES_KEPT = 10;

/** Metadata of one family; `lastBody` is the number of the last body that mentioned it. */
export interface FamilyRecord {
  readonly family: string;
  type: MetricType;
  help: string;
  unit: string;
  lastBody: number;
}

/** What a target said about its metric families lately. */
export class MetadataCache {
  readonly #families = new Map<string, FamilyRecord>();
  #body = 0;

  /** Starts another body and forgets families that were not mentioned for long. */
  nextBody(): void {
    this.#body++;
    // Looked at now and then: the families of a target rarely change.
    if (this.#body % BODIES_KEPT !== 0) return;
    for (const [name, record] of this.#families) if (!this.#isCurrent(record)) this.#families.delete(name);
  }

  /**
   * The record of `family` to write to, marked as mentioned in this body.
   * @param last What this returned for the family the last time, to save looking it up.
   */
  touch(family: string, last?: FamilyRecord): FamilyRecord {
    let record = last !== undefined && this.#isCurrent(last) ? last : this.#families.get(family);
    if (record === undefined) {
      record = { family, type: "unknown", help: "", unit: "", lastBody: 0 };
      this.#families.set(family, record);
    }
    record.lastBody = this.#body;
    return record;
  }

  *[Symbol.iterator](): IterableIterator<MetricMetadata> {
    for (const record of this.#families.values()) {
      if (!this.#isCurrent(record)) continue;
      const { family, type, help, unit } = record;
      yield { family, type, help, unit };
    }
  }

  #isCurrent(record: FamilyRecord): boolean {
    return this.#body - record.lastBody < BODIES_KEPT;
  }
}
