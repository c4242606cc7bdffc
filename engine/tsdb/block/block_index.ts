import { ByteSink } from "../chunk/byte_sink.ts";
import { ByteSource } from "../chunk/byte_source.ts";
import { grown } from "../../grown.ts";

/**
 * Where a block's series and timestamps are, kept in memory while the block is open.
 *
 *   value pages │ first series of page: symbol id of its metric name + 1 (0 = no name), ref
 *   time pages  │ number of the first time column of the page
 *   columns     │ first and last timestamp in ms, number of timestamps
 */
export class BlockIndex {
  pages = 0;
  firstNames = new Uint32Array(16);
  firstRefs = new Uint32Array(16);
  timePages = 0;
  firstColumns = new Uint32Array(4);
  columns = 0;
  columnStarts = new Float64Array(64);
  columnEnds = new Float64Array(64);
  columnLengths = new Uint32Array(64);

  addPage(firstName: number, firstRef: number): void {
    if (this.pages === this.firstRefs.length) {
      this.firstNames = grown(this.firstNames, this.pages + 1);
      this.firstRefs = grown(this.firstRefs, this.pages + 1);
    }
    this.firstNames[this.pages] = firstName;
    this.firstRefs[this.pages++] = firstRef;
  }

  addTimePage(firstColumn: number): void {
    if (this.timePages === this.firstColumns.length) {
      this.firstColumns = grown(this.firstColumns, this.timePages + 1);
    }
    this.firstColumns[this.timePages++] = firstColumn;
  }

  addColumn(startMs: number, endMs: number, length: number): number {
    if (this.columns === this.columnStarts.length) {
      this.columnStarts = grown(this.columnStarts, this.columns + 1);
      this.columnEnds = grown(this.columnEnds, this.columns + 1);
      this.columnLengths = grown(this.columnLengths, this.columns + 1);
    }
    this.columnStarts[this.columns] = startMs;
    this.columnEnds[this.columns] = endMs;
    this.columnLengths[this.columns] = length;
    return this.columns++;
  }

  /** The time page that holds `column`. */
  timePageOf(column: number): number {
    let low = 0, high = this.timePages;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.firstColumns[middle] <= column) low = middle;
      else high = middle;
    }
    return low;
  }

  /**
   * Gives pages whose first metric name is lost the first series of the page before, so that the pages are in order.
   * @param isLost Of a symbol id + 1.
   */
  mend(isLost: (name: number) => boolean): void {
    for (let page = 0; page < this.pages; page++) {
      if (!isLost(this.firstNames[page])) continue;
      this.firstNames[page] = page === 0 ? 0 : this.firstNames[page - 1];
      this.firstRefs[page] = page === 0 ? 0 : this.firstRefs[page - 1];
    }
  }

  /** Above every symbol id that it names. */
  get symbolsEnd(): number {
    return this.firstNames.subarray(0, this.pages).reduce((end, name) => Math.max(end, name), 0);
  }

  encode(): Uint8Array {
    const out = new ByteSink(1 << 12);
    out.varint(this.pages);
    for (let i = 0, name = 0, ref = 0; i < this.pages; i++) {
      out.signedVarint(this.firstNames[i] - name);
      out.signedVarint(this.firstRefs[i] - ref);
      name = this.firstNames[i];
      ref = this.firstRefs[i];
    }
    out.varint(this.timePages);
    for (let i = 0, column = 0; i < this.timePages; i++) {
      out.varint(this.firstColumns[i] - column);
      column = this.firstColumns[i];
    }
    out.varint(this.columns);
    for (let i = 0, start = 0; i < this.columns; i++) {
      out.signedVarint(this.columnStarts[i] - start);
      out.varint(this.columnEnds[i] - this.columnStarts[i]);
      out.varint(this.columnLengths[i]);
      start = this.columnStarts[i];
    }
    return out.written();
  }

  /** @throws {RangeError} If the bytes are not an index. */
  static decode(bytes: Uint8Array): BlockIndex {
    const source = new ByteSource(bytes);
    const index = new BlockIndex();
    for (let i = source.varint(), name = 0, ref = 0; i > 0; i--) {
      name += source.signedVarint();
      ref += source.signedVarint();
      index.addPage(name, ref);
    }
    for (let i = source.varint(), column = 0; i > 0; i--) index.addTimePage(column += source.varint());
    for (let i = source.varint(), start = 0; i > 0; i--) {
      start += source.signedVarint();
      index.addColumn(start, start + source.varint(), source.varint());
    }
    return index;
  }
}
