import {
  DROPPED,
  type ExposedSeries,
  type ScrapeRow,
  type SeriesResolver,
} from "../../engine/exposition/scrape_row.ts";
import { isAbsent } from "../../engine/sample.ts";
import type { Labels } from "../../engine/labels/labels.ts";
import type { RelabelRule } from "../../engine/labels/relabel.ts";
import type { Database } from "../../engine/tsdb/database.ts";
import type { Group } from "../../engine/tsdb/group.ts";
import { checkLimits, checkNames, disjointUnion, relabelled, withTargetLabels } from "./sample_labels.ts";
import { SeenSeries } from "./seen_series.ts";
import { LabelGrowth, type SeriesBudget } from "./series_budget.ts";
import type { ScrapePoolSpec } from "./spec.ts";

/** Slots beyond twice those in use that a group may have. */
const SPARE_SLOTS = 1024;
/** Series that the budget refused are tried again after so many scrapes. */
const RETRY_SCRAPES = 10;

/**
 * The series of one target: gives each a slot of the target's group. New ones get theirs provisionally, so that a
 * scrape that fails leaves none behind: `keep` after a scrape that went well makes them real, `discard` forgets them.
 */
export class TargetSeries implements SeriesResolver {
  #group: Group;
  #pending: Labels[] = [];
  readonly #pendingSlots = new Map<string, number>();
  /** Slots of the group that the report has, by `Labels.key`. */
  readonly #reportSlots = new Map<string, number>();
  #budgeted = 0;
  #isIncomplete = false;
  #scrapes = 0;
  #retryAt = Infinity;
  readonly #seen = new SeenSeries();
  /** Series of the scrape that got no slot because the pool's sample limit was passed. */
  beyondLimit = 0;
  /** Series of the scrape that failed it: their samples count as scraped, but no parser sees them through. */
  invalid = 0;
  /** What the budget had no room for in the scrape. */
  refused = new LabelGrowth();

  /** @param targetLabels As `TargetSpec.labels`. */
  constructor(
    private readonly database: Database,
    identity: string,
    private readonly targetLabels: Labels,
    private readonly pool: ScrapePoolSpec,
    private readonly rules: readonly RelabelRule[],
    private readonly budget: SeriesBudget,
  ) {
    this.#group = database.group(identity);
    this.#account();
  }

  get group(): Group {
    return this.#group;
  }

  /** Slots, provisional ones included. */
  get slotCount(): number {
    return this.#group.slotCount + this.#pending.length;
  }

  /** The slot of a series that is no sample of the body; new ones are real at once. */
  reportSlot(labels: Labels): number {
    const slot = this.database.slotFor(this.#group, labels);
    this.#reportSlots.set(labels.key(), slot);
    this.#account();
    return slot;
  }

  /** Starts a scrape. */
  begin(): void {
    this.#scrapes++;
    this.beyondLimit = this.invalid = 0;
    if (this.refused.series > 0) this.refused = new LabelGrowth();
  }

  /** @throws {TypeError | LabelLimitError | SeriesSizeError} To fail the scrape. */
  resolve(series: ExposedSeries): number {
    const { pool } = this;
    const labels = this.#labelsOf(series);
    if (labels === undefined) return DROPPED;
    try {
      checkNames(labels, pool.validationScheme);
      checkLimits(labels, pool);
    } catch (error) {
      this.invalid++;
      throw error;
    }
    const known = this.#find(labels);
    if (known !== DROPPED) return known;
    // Beyond the limit the scrape fails anyway: its series need no memory.
    if (pool.sampleLimit > 0 && this.#pending.length >= pool.sampleLimit) {
      this.beyondLimit++;
      this.#isIncomplete = true;
      return DROPPED;
    }
    if (!this.budget.tryTake(1)) {
      this.refused.add(labels.pairs);
      this.#retryAt = Math.min(this.#retryAt, this.#scrapes + RETRY_SCRAPES);
      return DROPPED;
    }
    this.#budgeted++;
    const slot = this.slotCount;
    this.#pending.push(labels);
    this.#pendingSlots.set(labels.key(), slot);
    return slot;
  }

  /**
   * Makes the provisional slots real: the scrape went well.
   * @returns How many series of the body the last scrape that went well did not have.
   */
  keep(row: ScrapeRow): number {
    const first = this.#group.slotCount;
    for (let i = 0; i < this.#pending.length; i++) {
      const slot = this.database.slotFor(this.#group, this.#pending[i]);
      if (slot !== first + i) {
        throw new Error(`BUG: series has slot ${slot} of its group, expected ${first + i}`);
      }
    }
    this.#forgetPending();
    row.reserve(this.slotCount);
    // As upstream, an answer without a body changes nothing about what is known.
    return row.bytes === 0 ? 0 : this.#seen.update(row, this.slotCount);
  }

  /** Gives the provisional slots up; the parser must then forget them, see `mustForget`. */
  discard(): void {
    if (this.#pending.length === 0) return;
    this.#isIncomplete = true;
    this.#forgetPending();
    this.#account(); // also of those that `keep` made real before it failed
  }

  /** Whether the parser knows slots that are none, or left out series that may be let in now; asking clears it. */
  mustForget(): boolean {
    const must = this.#isIncomplete || this.#scrapes >= this.#retryAt;
    if (must) this.#retryAt = Infinity;
    this.#isIncomplete = false;
    return must;
  }

  /**
   * Moves to another group without the slots that are no longer in use, if they are most of them. The last row goes
   * to both groups, so that the next one is compared with it.
   * @param words The last row.
   * @param present Samples in it.
   * @param startTimes Its start timestamps by slot, where it has any.
   */
  shrink(lastMs: number, words: Uint32Array, present: number, startTimes: Float64Array | undefined): boolean {
    const old = this.#group;
    if (old.slotCount <= 2 * present + SPARE_SLOTS) return false;
    const { database } = this;
    database.head.retire(old);
    const group = database.group(old.identity);
    const row = new Uint32Array(2 * old.slotCount), moved = new Uint32Array(old.slotCount);
    const starts = startTimes && new Float64Array(old.slotCount);
    for (let slot = 0; slot < old.slotCount; slot++) {
      if (2 * slot >= words.length || isAbsent(words, slot)) continue;
      const to = database.head.slotOf(group, old.slotRefs[slot]);
      row[2 * to] = words[2 * slot];
      row[2 * to + 1] = words[2 * slot + 1];
      moved[slot] = to + 1;
      if (starts !== undefined) starts[to] = startTimes![slot];
    }
    this.#seen.move(moved, group.slotCount);
    this.#reportSlots.clear();
    group.hasElsewhere = old.hasElsewhere;
    database.append(group, lastMs, row.subarray(0, 2 * group.slotCount), false, starts);
    this.#group = group;
    this.#account();
    this.#isIncomplete = true;
    return true;
  }

  /** The target is gone: its group takes no more rows. */
  retire(): void {
    this.database.head.retire(this.#group);
    this.release();
  }

  /** Gives the budget back, when another one goes on with the group. */
  release(): void {
    this.budget.release(this.#budgeted);
    this.#budgeted = 0;
  }

  /** The labels that the series is kept under, undefined where it is dropped. */
  #labelsOf({ labels: exposed, emptyNames }: ExposedSeries): Labels | undefined {
    const { targetLabels, rules } = this;
    // Most series have nothing in common with their target and no rules to pass.
    const plain = rules.length === 0 && emptyNames.length === 0
      ? disjointUnion(exposed, targetLabels)
      : undefined;
    return plain ??
      relabelled(withTargetLabels(exposed, emptyNames, targetLabels, this.pool.honorLabels), rules);
  }

  #find(labels: Labels): number {
    return this.#realSlot(labels) ?? this.#pendingSlots.get(labels.key()) ?? DROPPED;
  }

  #realSlot(labels: Labels): number | undefined {
    // In a new group there is nothing else to find: an index of millions of series is not asked for each new one.
    if (this.#group.slotCount === this.#reportSlots.size) return this.#reportSlots.get(labels.key());
    const ref = this.database.index.find(labels);
    const slot = ref < 0 ? -1 : this.database.head.findSlot(this.#group, ref);
    return slot < 0 ? undefined : slot;
  }

  #forgetPending(): void {
    if (this.#pending.length === 0) return;
    this.#pending = [];
    this.#pendingSlots.clear();
  }

  /** Takes the budget that the group's slots need, or gives back what they no longer do. */
  #account(): void {
    const difference = this.#group.slotCount - this.#budgeted;
    if (difference > 0) this.budget.take(difference);
    else if (difference < 0) this.budget.release(-difference);
    this.#budgeted = this.#group.slotCount;
  }
}
