// What somebody is about to order. Texts are as they were typed; what they mean is read when it is needed.
import { computed, effect, signal } from '@preact/signals';
import { exact, floored, plain, units } from '../lib/decimal.js';
import { readTyped, typed } from '../lib/i18n.js';
import { closingConfirmation } from '../lib/telegram.js';
import { market } from '../state/desk.js';
import { quoteDecimals } from './estimate.js';

export const side = signal(/** @type {Side} */ ('buy'));
export const type = signal(/** @type {OrderType} */ ('limit'));
export const tif = signal('gtc');
export const priceText = signal('');
export const amountText = signal('');
/** A market order's amount is of the base or of the quote asset. @type {import('@preact/signals').Signal<'base' | 'quote'>} */
export const unit = signal('base');
/** Why the last try failed, by field. @type {import('@preact/signals').Signal<{price?: string, amount?: string, form?: string}>} */
export const refused = signal({});
/** What was rounded, and why. @type {import('@preact/signals').Signal<{price?: boolean, amount?: boolean}>} */
export const rounded = signal({});

const isDirty = computed(() => amountText.value !== '');

/** @typedef {{value: bigint | null, problem: 'empty' | 'no_number' | 'ambiguous' | 'off_tick' | 'off_lot' | 'too_precise' | null}} Read */

/** @param {string} text @param {number} decimals @param {bigint} step @param {'off_tick' | 'off_lot' | 'too_precise'} off @returns {Read} */
function read(text, decimals, step, off) {
  const found = readTyped(text);
  if ('problem' in found) return { value: null, problem: found.problem };
  const value = units(found.value, decimals);
  if (value === null || value % step) return { value: null, problem: off };
  return { value: value > 0n ? value : null, problem: value > 0n ? null : 'empty' };
}

/** In the market's decimals. */
export const price = computed(() => {
  const at = market.value;
  if (!at || type.value === 'market') return { value: null, problem: null };
  return read(priceText.value, at.price_decimals, exact(at.tick_size, at.price_decimals), 'off_tick');
});

export const spends = computed(() => type.value === 'market' && unit.value === 'quote');

/** In the market's decimals, or in quoteDecimals where an amount of the quote asset is meant. */
export const amount = computed(() => {
  const at = market.value;
  if (!at) return { value: null, problem: null };
  return spends.value
    ? read(amountText.value, quoteDecimals(at), 1n, 'too_precise')
    : read(amountText.value, at.quantity_decimals, exact(at.lot_size, at.quantity_decimals), 'off_lot');
});

/** @returns {import('./estimate.js').Wish} */
export const wish = () => ({
  side: side.value,
  type: type.value,
  price: price.value.value,
  quantity: spends.value ? null : amount.value.value,
  spend: spends.value ? amount.value.value : null,
});

/** Take a price over from the book. @param {string} text */
export function takePrice(text) {
  if (type.value === 'market') type.value = 'limit';
  priceText.value = typed(text);
  rounded.value = {};
  refused.value = {};
}

/** Round what was typed to the market's step, in the favour of who orders, and say so. @param {'price' | 'amount'} field */
export function snap(field) {
  const at = market.peek();
  const text = field === 'price' ? priceText : amountText;
  const { problem } = field === 'price' ? price.peek() : amount.peek();
  const found = readTyped(text.peek());
  if (!at || !['off_tick', 'off_lot'].includes(problem ?? '') || !('value' in found)) return;
  const [decimals, stepText] = field === 'price' ? [at.price_decimals, at.tick_size] : [at.quantity_decimals, at.lot_size];
  const step = exact(stepText, decimals);
  const [whole = '', fraction = ''] = found.value.split('.');
  const cut = floored(exact(`${whole}.${fraction.slice(0, decimals)}`, decimals), step);
  const up = field === 'price' && side.peek() === 'sell';
  text.value = typed(plain(up ? cut + step : cut, decimals));
  rounded.value = { ...rounded.peek(), [field]: true };
}

export function clear() {
  amountText.value = '';
  refused.value = {};
  rounded.value = {};
}

export function start() {
  let before = '';
  effect(() => {
    const symbol = market.value?.symbol ?? '';
    if (symbol === before) return;
    before = symbol;
    priceText.value = '';
    clear();
  });
  effect(() => {
    closingConfirmation('ticket', isDirty.value);
  });
}
