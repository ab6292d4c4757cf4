// What somebody earned over a time: what they had at each moment at its prices, less what came and went in between.
// Only drawn, so its numbers are floats.
import * as api from '../lib/api.js';
import { assets, marketOf } from './markets.js';

export const CURRENCY = 'USDT';
export const SPANS = /** @type {const} */ ({ '1D': ['15m', 96], '1W': ['1h', 168], '1M': ['4h', 180] });
const STEP_MS = { '15m': 900_000, '1h': 3_600_000, '4h': 14_400_000 };
const PAGE = 500;
const PAGES = 4; // of the ledger: whoever moves more sees a shorter time
const FLOWS = ['deposit', 'withdrawal'];

/** @typedef {keyof typeof SPANS} Span */
/** @typedef {{at: number, earned: number}} Point */

/** The ledger since a time, newest first, and since when it is whole. @param {number} start
 * @returns {Promise<{entries: LedgerEntry[], since: number}>} */
async function ledger(start) {
  /** @type {LedgerEntry[]} */
  const entries = [];
  let cursor = null;
  for (let page = 0; page < PAGES; page++) {
    const told = /** @type {{entries: LedgerEntry[], next_cursor: number | null}} */ (
      await api.get(`/api/portfolio/ledger${api.query({ start, limit: PAGE, cursor })}`));
    entries.push(...told.entries);
    cursor = told.next_cursor;
    if (cursor === null) return { entries, since: start };
  }
  return { entries, since: entries.at(-1)?.created_at ?? start };
}

/** Closing prices by the beginning of their interval. @param {string} asset @param {Span} span @returns {Promise<Map<number, number>>} */
async function prices(asset, span) {
  const [interval, limit] = SPANS[span];
  const symbol = `${asset}${CURRENCY}`;
  if (!marketOf(symbol)) return new Map();
  const { candles } = await api.get(`/api/markets/${symbol}/candles${api.query({ interval, limit: limit + 1 })}`);
  return new Map(/** @type {Candle[]} */ (candles).map(({ begin_at, close }) => [begin_at, Number(close)]));
}

/**
 * How much was earned since the beginning of a span, at each of its moments.
 * @param {Span} span @param {Balance[]} balances as they are now @returns {Promise<Point[]>} from the first one on at which there was anything
 */
export async function earnings(span, balances) {
  const [interval, count] = SPANS[span];
  const step = STEP_MS[interval];
  const now = Date.now();
  const newest = Math.floor(now / step) * step;
  const { entries, since } = await ledger(newest - (count - 1) * step);
  const told = await Promise.all(assets.value.map(async asset => /** @type {const} */ ([asset, await prices(asset, span)])));
  const times = Array.from({ length: count }, (_, i) => newest - (count - 1 - i) * step).filter(at => at + step >= since);
  /** @type {Map<string, number[]>} */
  const priceAt = new Map(told.map(([asset, known]) => {
    let last = [...known.values()][0] ?? 0;
    return [asset, times.map(at => (asset === CURRENCY ? 1 : (last = known.get(at) ?? last)))];
  }));
  const have = new Map(balances.map(({ asset, total }) => [asset, Number(total)]));
  /** What one has at the prices of a moment. @param {number} i */
  const worthAt = i => [...have].reduce((sum, [asset, amount]) => sum + amount * (priceAt.get(asset)?.[i] ?? 0), 0);
  /** @type {number[]} */
  const worth = [];
  const flowed = times.map(() => 0);
  let next = 0;
  for (let i = times.length - 1; i >= 0; i--) {
    worth[i] = worthAt(i);
    for (let entry = entries[next]; entry && entry.created_at >= (times[i] ?? 0); entry = entries[++next]) {
      const moved = Number(entry.available) + Number(entry.held);
      have.set(entry.asset, (have.get(entry.asset) ?? 0) - moved);
      if (FLOWS.includes(entry.reason)) flowed[i] = (flowed[i] ?? 0) + moved * (priceAt.get(entry.asset)?.[i] ?? 0);
    }
  }
  const began = worthAt(0); // the ledger is undone: what was there before
  const first = Math.max(0, worth.findIndex(each => each > 0.005)); // until then there was nothing
  let came = 0;
  return times.map((at, i) => ({ at, earned: (worth[i] ?? 0) - began - (came += flowed[i] ?? 0) })).slice(first);
}
