// Short words at the edge of the screen: what was done, what went wrong.
import { signal } from '@preact/signals';
import { said } from '../lib/i18n.js';
import { haptic } from '../lib/telegram.js';

const LIFE_MS = 5000;
const MOST = 3;

/** @typedef {{id: number, text: string, tone: 'good' | 'bad' | 'plain'}} Note */
/** @type {import('@preact/signals').Signal<Note[]>} */
export const notes = signal([]);
let last = 0;

/** @param {string} text @param {Note['tone']} [tone] */
export function note(text, tone = 'plain') {
  const id = ++last;
  notes.value = [...notes.value, { id, text, tone }].slice(-MOST);
  if (tone !== 'plain') haptic(tone === 'good' ? 'success' : 'error');
  setTimeout(() => (notes.value = notes.value.filter(each => each.id !== id)), LIFE_MS);
}

/** Tell of what failed. @param {unknown} error */
export const complain = error => note(said(error), 'bad');
