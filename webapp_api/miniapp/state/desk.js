// The market that is looked at: its book and its latest trades, shown at most five times a second.
import { signal } from '@preact/signals';
import { follow } from '../lib/stream.js';
import { Book } from './book.js';

const SHOW_EVERY_MS = 200;
const TRADES = 40;

/** @type {import('@preact/signals').Signal<Market | null>} */
export const market = signal(null);
/** null until it has come. @type {Book | null} */
let book = null;
/** Rises when the book is to be shown anew. */
const shown = signal(0);
/** null until they have come, newest first. @type {import('@preact/signals').Signal<PublicTrade[] | null>} */
export const trades = signal(null);

/** The book as it is; who shows it shows it again when it has moved. */
export const bookNow = () => (shown.value, book);

/** The book, for who only looks into it. */
export const bookOnce = () => book;

/** Look at a market; returns how to stop. @param {Market} chosen */
export function open(chosen) {
  const next = new Book(chosen);
  /** @type {PublicTrade[]} */
  let latest = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let due;
  const show = () => {
    due = undefined;
    shown.value++;
    if (latest !== trades.peek() && latest.length) trades.value = latest;
  };
  const soon = () => (due ??= setTimeout(show, SHOW_EVERY_MS));
  market.value = chosen;
  book = null;
  trades.value = null;
  shown.value++;
  const stops = [
    follow(`depth:${chosen.symbol}`, message => {
      if (!next.take(message)) return false; // it is not the exchange's book: ask for that
      book = next;
      if (message.type === 'snapshot') show();
      else soon();
    }),
    follow(`trades:${chosen.symbol}`, ({ type, data }) => {
      if (type === 'snapshot') trades.value = latest = data;
      else latest = [...[...data].reverse(), ...latest].slice(0, TRADES);
      soon();
    }),
  ];
  return () => {
    clearTimeout(due);
    for (const stop of stops) stop();
  };
}
