// The texts of this page, which stand over those of the mini-app.
import * as i18n from '../miniapp/lib/i18n.js';

/** @typedef {keyof typeof import('./texts/en.json')} AdminKey */

export const t = /** @type {(key: AdminKey | TextKey, values?: Record<string, string | number>) => string} */ (i18n.t);

/** So many seconds, in the largest unit that says it. @param {number} seconds */
export function lasting(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 100) return t('for.seconds', { n: s });
  if (s < 6000) return t('for.minutes', { n: Math.floor(s / 60) });
  if (s < 172_800) return t('for.hours', { n: Math.floor(s / 3600) });
  return t('for.days', { n: Math.floor(s / 86_400) });
}

/** How long ago, or that it never was. @param {number | null} seconds */
export const ago = seconds => (seconds === null ? t('never') : seconds < 1 ? t('now') : t('ago', { time: lasting(seconds) }));

/** A whole number as it is written in the person's language. @param {number} value */
export const count = value => i18n.number(String(value));

/** Lamports as SOL. @param {number} lamports */
export const sol = lamports => `${i18n.number((lamports / 1e9).toFixed(4), { trim: true })} SOL`;

/** What rests in a market. @param {{bids: number, asks: number}} quoted */
export const levels = ({ bids, asks }) => (bids || asks ? t('quotes.levels', { bids, asks }) : t('quotes.stopped'));

/** A day and a time to the second. @param {number} ms */
export const exactly = ms => `${i18n.moment(ms)}:${String(new Date(ms).getSeconds()).padStart(2, '0')}`;
