// One market's book as the channel depth:<symbol> tells it, in whole units: prices in the market's decimals, quantities too.
import { exact, plain } from '../lib/decimal.js';

const CHECKED = 25; // levels a side

/** @typedef {{price: bigint, quantity: bigint}} Level */

export class Book {
  /** @type {Level[]} best first */
  bids = [];
  /** @type {Level[]} best first */
  asks = [];

  /** @param {Market} market */
  constructor(market) {
    this.market = market;
  }

  /** Take what is told; says whether the book is the exchange's then. @param {Pick<ChannelMessage, 'type' | 'data'>} message */
  take({ type, data }) {
    if (type === 'snapshot') {
      this.bids = data.bids.map(this.#level);
      this.asks = data.asks.map(this.#level);
      return true;
    }
    for (const told of data.bids) put(this.bids, this.#level(told), (a, b) => a > b);
    for (const told of data.asks) put(this.asks, this.#level(told), (a, b) => a < b);
    return typeof data.checksum !== 'number' || data.checksum === this.#checksum();
  }

  /** As docs/stream.md has it. */
  #checksum() {
    const { price_decimals, quantity_decimals } = this.market;
    return crc32([...this.bids.slice(0, CHECKED), ...this.asks.slice(0, CHECKED)].map(
      ({ price, quantity }) => `${plain(price, price_decimals)}:${plain(quantity, quantity_decimals)}`).join());
  }

  /** @param {[Decimal, Decimal]} told @returns {Level} */
  #level = ([price, quantity]) => ({
    price: exact(price, this.market.price_decimals),
    quantity: exact(quantity, this.market.quantity_decimals),
  });

  /**
   * The best levels of a side, those of one step of `group` as one: bids rounded down, asks up.
   * @param {'bids' | 'asks'} side @param {number} count @param {bigint} group
   */
  best(side, count, group) {
    /** @type {Level[]} */
    const found = [];
    for (const { price, quantity } of this[side]) {
      const step = side === 'bids' ? (price / group) * group : ((price + group - 1n) / group) * group;
      const last = found.at(-1);
      if (last?.price === step) last.quantity += quantity;
      else if (found.length === count) break;
      else found.push({ price: step, quantity });
    }
    return found;
  }
}

/**
 * Put what now rests at a price into a side; nothing rests where the quantity is zero.
 * @param {Level[]} side @param {Level} level @param {(a: bigint, b: bigint) => boolean} isBetter
 */
function put(side, level, isBetter) {
  let [low, high] = [0, side.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBetter(/** @type {Level} */ (side[middle]).price, level.price)) low = middle + 1;
    else high = middle;
  }
  const isThere = side[low]?.price === level.price;
  if (level.quantity > 0n) side.splice(low, isThere ? 1 : 0, level);
  else if (isThere) side.splice(low, 1);
}

/** @param {string} text of ASCII */
export function crc32(text) {
  let crc = -1;
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ -1) >>> 0;
}
