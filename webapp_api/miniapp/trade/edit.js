// An open order is changed: made smaller it keeps its place in the queue; any other change cancels it and places another.
import { useSignal } from '@preact/signals';
import { Refusal } from '../lib/api.js';
import { exact, plain, trimmed, units } from '../lib/decimal.js';
import { html } from '../lib/html.js';
import { number, readTyped, said, t, typed } from '../lib/i18n.js';
import { haptic } from '../lib/telegram.js';
import { Sheet } from '../parts/ui.js';
import { note } from '../state/notes.js';
import { amend, replace } from '../state/orders.js';

/** @typedef {{price: bigint, quantity: bigint}} Change in the market's decimals */
/** @typedef {{price?: string, quantity?: string, form?: string}} Words */

/**
 * What is typed as a change of the order, or why it is none.
 * @param {Market} market @param {Order} order @param {string} priceText @param {string} quantityText @returns {Change | Words}
 */
function read(market, order, priceText, quantityText) {
  /** @type {Words} */
  const words = {};
  /** @param {'price' | 'quantity'} field @param {string} text @param {number} decimals @param {string} stepText */
  const value = (field, text, decimals, stepText) => {
    const typedIn = readTyped(text);
    const step = number(trimmed(stepText));
    if ('problem' in typedIn) return void (words[field] = t(`ticket.problem.${typedIn.problem}`, { step }));
    const found = units(typedIn.value, decimals);
    if (found === null || found % exact(stepText, decimals)) {
      return void (words[field] = t(field === 'price' ? 'ticket.problem.off_tick' : 'ticket.problem.off_lot', { step }));
    }
    if (found <= 0n) words[field] = t('ticket.problem.empty');
    return found;
  };
  const price = value('price', priceText, market.price_decimals, market.tick_size);
  const quantity = value('quantity', quantityText, market.quantity_decimals, market.lot_size);
  const filled = exact(order.filled_quantity, market.quantity_decimals);
  if (quantity && quantity <= filled) words.quantity = t('edit.filled', { filled: number(trimmed(order.filled_quantity)), base: market.base });
  return Object.keys(words).length || !price || !quantity ? words : { price, quantity };
}

/** @param {{market: Market, order: Order, onClose: () => void}} props */
export function Edit({ market, order, onClose }) {
  const price = useSignal(typed(order.price ?? ''));
  const quantity = useSignal(typed(trimmed(order.quantity ?? '')));
  const words = useSignal(/** @type {Words} */ ({}));
  const busy = useSignal(false);
  const before = { price: exact(order.price ?? '0', market.price_decimals), quantity: exact(order.quantity ?? '0', market.quantity_decimals) };
  const now = read(market, order, price.value, quantity.value);
  const isChange = 'price' in now && typeof now.price === 'bigint';
  const change = isChange ? /** @type {Change} */ (now) : null;
  const keepsPlace = change !== null && change.price === before.price && change.quantity <= before.quantity;
  const isSame = change !== null && change.price === before.price && change.quantity === before.quantity;

  const save = async () => {
    if (busy.value) return;
    if (!change) {
      words.value = /** @type {Words} */ (now);
      return haptic('error');
    }
    if (isSame) return onClose();
    busy.value = true;
    const total = plain(change.quantity, market.quantity_decimals);
    try {
      if (keepsPlace) await amend(order.id, total);
      else await replace(order, market, plain(change.price, market.price_decimals), change.quantity);
      note(t('edit.done'), 'good');
      onClose();
    } catch (error) {
      haptic('error');
      const field = error instanceof Refusal && ['off_tick', 'invalid_price', 'would_take'].includes(error.code) ? 'price' : 'form';
      words.value = { [field]: said(error) };
    } finally {
      busy.value = false;
    }
  };

  /** @param {'price' | 'quantity'} name @param {string} label @param {import('@preact/signals').Signal<string>} text @param {string} unit */
  const field = (name, label, text, unit) => html`
    <div class=${words.value[name] ? 'field wrong' : 'field'}>
      <label for="edit-${name}">${label}</label>
      <div class="input"><input id="edit-${name}" inputmode="decimal" autocomplete="off" value=${text.value}
        aria-invalid=${words.value[name] ? 'true' : 'false'} aria-describedby="edit-${name}-word"
        onInput=${(/** @type {any} */ event) => {
          text.value = event.target.value;
          words.value = {};
        }} /><span>${unit}</span></div>
      <p id="edit-${name}-word" class="wrong-word" role=${words.value[name] ? 'alert' : undefined}>${words.value[name]}</p>
    </div>`;
  return html`
    <${Sheet} title=${t('edit.title', { id: order.id })} onClose=${onClose}>
      ${field('price', t('price'), price, market.quote)}
      ${field('quantity', t('amount'), quantity, market.base)}
      <p class=${keepsPlace || !change ? 'soft small' : 'doubt'} role="status">${t(keepsPlace || !change ? 'edit.keeps' : 'edit.loses')}</p>
      ${words.value.form && html`<p class="wrong-word" role="alert">${words.value.form}</p>`}
      <div class="two">
        <button type="button" class="button" onClick=${onClose}>${t('no')}</button>
        <button type="button" class="button main" disabled=${busy.value} onClick=${save}>${t(busy.value ? 'ticket.sending' : 'edit.save')}</button>
      </div>
    <//>`;
}
