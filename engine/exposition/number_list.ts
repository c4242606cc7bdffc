import { grown } from "../grown.ts";

const CAPACITY_MIN = 64;
/** Numbers that there is room for at most once the list is emptied, however many there were. */
const CAPACITY_KEPT = 4096;

/** A list of numbers that is emptied and filled again and again. */
export class NumberList {
  /** The numbers are those before `length`. */
  values = new Float64Array(CAPACITY_MIN);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) this.values = grown(this.values, this.length + 1);
    this.values[this.length++] = value;
  }

  clear(): void {
    this.length = 0;
    if (this.values.length > CAPACITY_KEPT) this.values = new Float64Array(CAPACITY_MIN);
  }
}
