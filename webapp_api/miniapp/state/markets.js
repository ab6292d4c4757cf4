// The markets, their tickers as they move, and which of them somebody likes.
import { computed, signal } from '@preact/signals';
import * as api from '../lib/api.js';
import { follow } from '../lib/stream.js';
import { invoke } from '../lib/telegram.js';

const KEPT = 'favourites';

/** null until they are known. @type {import('@preact/signals').Signal<Market[] | null>} */
export const markets = signal(null);
/** @type {import('@preact/signals').Signal<unknown>} */
export const problem = signal(null);
/** @type {import('@preact/signals').Signal<Set<string>>} */
export const favourites = signal(new Set());

/** @type {Map<string, import('@preact/signals').Signal<Ticker | null>>} */
const tickers = new Map();

/** @param {string} symbol */
export function tickerOf(symbol) {
  let found = tickers.get(symbol);
  if (!found) tickers.set(symbol, (found = signal(/** @type {Ticker | null} */ (null))));
  return found;
}

/** The price to show: ours, else the one it follows, else what is bid. @param {Ticker | null} ticker */
export const priceOf = ticker => ticker?.last ?? ticker?.reference?.last ?? ticker?.bid ?? null;

/** Whether a market takes orders: as its ticker told last. @param {Market} market */
export const statusOf = market => tickerOf(market.symbol).value?.status ?? market.status;

/** @param {string | undefined} symbol */
export const marketOf = symbol => markets.value?.find(each => each.symbol === symbol) ?? null;

/** Assets in the order of the markets, quotes first. */
export const assets = computed(() => [
  ...new Set([...(markets.value ?? []).map(each => each.quote), ...(markets.value ?? []).map(each => each.base)]),
]);

export async function load() {
  problem.value = null;
  try {
    const told = await api.insist(() => api.get('/api/markets'));
    for (const { symbol } of told.markets) {
      follow(`ticker:${symbol}`, ({ data }) => {
        tickerOf(symbol).value = data;
      });
    }
    markets.value = told.markets;
  } catch (error) {
    problem.value = error;
  }
}

/** @param {string} symbol */
export function toggleFavourite(symbol) {
  const now = new Set(favourites.value);
  if (!now.delete(symbol)) now.add(symbol);
  favourites.value = now;
  const value = [...now].join(' ');
  localStorage.setItem(KEPT, value);
  invoke('saveStorageValue', { key: KEPT, value });
}

export async function loadFavourites() {
  /** @param {string | undefined | null} text */
  const take = text => text && (favourites.value = new Set(text.split(' ')));
  take(localStorage.getItem(KEPT));
  const cloud = await invoke('getStorageValues', { keys: [KEPT] });
  take(cloud?.[KEPT]);
}

/** @type {Map<string, Promise<number[]>>} */
const lines = new Map();

/** A day of closing prices, to be drawn. @param {string} symbol */
export function sparkline(symbol) {
  const known = lines.get(symbol);
  if (known) return known;
  const asked = api
    .get(`/api/markets/${symbol}/candles?interval=30m&limit=48`)
    .then(({ candles }) => /** @type {Candle[]} */ (candles).map(each => Number(each.close)));
  lines.set(symbol, asked);
  asked.catch(() => lines.delete(symbol));
  setTimeout(() => lines.delete(symbol), 300_000);
  return asked;
}
