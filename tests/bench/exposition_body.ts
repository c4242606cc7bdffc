/**
 * A scrape body in the shape of node_exporter's that is rendered once and then changed in place: every value that
 * moves has a fixed width, so one scrape costs a few byte writes per moving series and no rendering.
 */

const SERIES_PER_FAMILY = 12;
const SUBSYSTEMS = [
  "network_receive",
  "disk_io_time",
  "filesystem_avail",
  "cpu_frequency",
  "netstat_tcp",
  "vmstat",
];
/** Of ten families two are integer counters, one is a counter of seconds with decimals or a gauge; seven stand still. */
const STILL_VALUES = ["0", "1", "0", "4096", "1.6744448e+10", "0", "0.5", "1024", "2.6224144e+07", "0.0025"];

const GAUGE_DIGITS = 7, GAUGE_DECIMALS = 4, GAUGE_LIMIT = 9_999_999;
const ZERO = 48, DOT = 46;

/** One target's response, header included, with its moving values. */
export class ExpositionBody {
  /** HTTP header and body: what is written to the socket. */
  readonly response: Uint8Array;
  readonly bodyBytes: number;
  #counterEnds: Uint32Array; // offset of the last digit of each counter
  #gaugeEnds: Uint32Array;
  #gauges: Uint32Array; // current values in units of the last decimal
  #random: number;

  /**
   * @param seriesCount At least 1.
   * @param seed Makes the values of one target differ from another's.
   */
  constructor(seriesCount: number, seed: number) {
    this.#random = (Math.imul(seed + 1, 0x9e3779b1) >>> 0) || 1;
    const counters: number[] = [], gauges: number[] = [], gaugeValues: number[] = [];
    let text = "";
    for (let series = 0; series < seriesCount; series++) {
      const family = Math.floor(series / SERIES_PER_FAMILY), kind = family % 10;
      const moves = kind < 3, isGauge = kind === 2 || kind > 6;
      const name = `node_${SUBSYSTEMS[family % SUBSYSTEMS.length]}_m${family}_${isGauge ? "bytes" : "total"}`;
      if (series % SERIES_PER_FAMILY === 0) {
        text += `# HELP ${name} Network device statistic ${name} of this host.\n`;
        text += `# TYPE ${name} ${isGauge ? "gauge" : "counter"}\n`;
      }
      const device = series % SERIES_PER_FAMILY;
      text += `${name}{device="eth${device}",mountpoint="/srv/volume-${device}"} `;
      if (!moves) text += STILL_VALUES[(series + seed) % STILL_VALUES.length];
      else if (isGauge) {
        const value = this.#next() % GAUGE_LIMIT;
        const digits = String(value).padStart(GAUGE_DIGITS, "0");
        text += `1${digits.slice(0, GAUGE_DIGITS - GAUGE_DECIMALS)}.${digits.slice(-GAUGE_DECIMALS)}`;
        gauges.push(text.length - 1);
        gaugeValues.push(value);
      } else {
        const value = String(100_000_000 + this.#next() % 400_000_000);
        text += kind === 0 ? value : `${value.slice(0, -2)}.${value.slice(-2)}`;
        counters.push(text.length - 1);
      }
      text += "\n";
    }
    const header = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n" +
      `Content-Length: ${text.length}\r\n\r\n`;
    this.response = new TextEncoder().encode(header + text);
    this.bodyBytes = text.length;
    this.#counterEnds = Uint32Array.from(counters, (at) => at + header.length);
    this.#gaugeEnds = Uint32Array.from(gauges, (at) => at + header.length);
    this.#gauges = Uint32Array.from(gaugeValues);
  }

  /** Moves every moving value: counters grow by 0 to 4095 of their last digit, gauges walk by up to 2048 of theirs. */
  advance(): void {
    const { response } = this;
    let random = this.#random;
    for (const end of this.#counterEnds) {
      random ^= random << 13, random ^= random >>> 17, random ^= random << 5;
      addDecimal(response, end, random & 4095);
    }
    for (let i = 0; i < this.#gaugeEnds.length; i++) {
      random ^= random << 13, random ^= random >>> 17, random ^= random << 5;
      const value = Math.min(GAUGE_LIMIT, Math.max(0, this.#gauges[i]! + (random & 4095) - 2048));
      this.#gauges[i] = value;
      writeDecimal(response, this.#gaugeEnds[i]!, value);
    }
    this.#random = random;
  }

  #next(): number {
    let random = this.#random;
    random ^= random << 13, random ^= random >>> 17, random ^= random << 5;
    this.#random = random;
    return random >>> 0;
  }
}

/** Adds to the decimal number whose last digit is at `at`; the caller sees to it that it keeps its width. */
function addDecimal(bytes: Uint8Array, at: number, amount: number): void {
  while (amount > 0) {
    const byte = bytes[at]!;
    if (byte !== DOT) {
      amount += byte - ZERO;
      bytes[at] = ZERO + amount % 10;
      amount = (amount / 10) | 0;
    }
    at--;
  }
}

/** Writes the digits of a gauge, its last one at `at`. */
function writeDecimal(bytes: Uint8Array, at: number, value: number): void {
  for (let digit = 0; digit < GAUGE_DIGITS; digit++, at--) {
    if (bytes[at] === DOT) at--;
    bytes[at] = ZERO + value % 10;
    value = (value / 10) | 0;
  }
}
