// The order ticket: what it comes to before it is sent, and a question first where that is wise.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { decimalsOf, exact, plain, rescaled, trimmed } from '../lib/decimal.js';
import { html } from '../lib/html.js';
import { number, said, t, typed } from '../lib/i18n.js';
import { Refusal } from '../lib/api.js';
import { haptic, launch, mainButton, on } from '../lib/telegram.js';
import { colour, painted } from '../lib/theme.js';
import { Choice, Confirm } from '../parts/ui.js';
import { available, balances } from '../state/balances.js';
import { bookNow, bookOnce } from '../state/desk.js';
import { statusOf } from '../state/markets.js';
import { complain } from '../state/notes.js';
import { newName, place } from '../state/orders.js';
import { path } from '../state/route.js';
import { account } from '../state/session.js';
import { estimate, FEE_DECIMALS, quoteDecimals, share } from './estimate.js';
import * as state from './ticket_state.js';

const TYPES = /** @type {const} */ (['limit', 'market', 'limit_maker']);
const FORCES = { limit: ['gtc', 'ioc', 'fok'], market: ['ioc', 'fok'], limit_maker: ['gtc'] };
const QUOTE_SHOWN = 2;

// Which field a refusal belongs to.
/** @type {Record<string, 'price' | 'amount'>} */
const FIELD = {
  off_tick: 'price', invalid_price: 'price', would_take: 'price',
  off_lot: 'amount', invalid_quantity: 'amount', insufficient_funds: 'amount', too_precise: 'amount', too_large: 'amount',
};

/** @param {{name: 'price' | 'amount', label: string, text: import('@preact/signals').Signal<string>, unit: any, hint?: any, onInput?: () => void}} props */
function Field({ name, label, text, unit, hint }) {
  const wrong = state.refused.value[name];
  const input = (/** @type {any} */ event) => {
    text.value = event.target.value;
    state.refused.value = { ...state.refused.value, [name]: undefined, form: undefined };
    state.rounded.value = { ...state.rounded.value, [name]: false };
  };
  return html`
    <div class=${wrong ? 'field wrong' : 'field'}>
      <label for=${name}>${label}</label>
      <div class="input">
        <input id=${name} inputmode="decimal" autocomplete="off" value=${text.value} placeholder="0" onInput=${input}
          onBlur=${() => state.snap(name)} aria-invalid=${wrong ? 'true' : 'false'} aria-describedby="${name}-word" />
        ${unit}
      </div>
      <p id="${name}-word" class=${wrong ? 'wrong-word' : 'hint'} role=${wrong ? 'alert' : undefined}>${wrong || hint}</p>
    </div>`;
}

/** What a field's content is refused for before it is sent. @param {'price' | 'amount'} name @param {Market} market */
function problemOf(name, market) {
  const { problem } = state[name].value;
  if (!problem) return null;
  const step = name === 'price' ? market.tick_size : market.lot_size;
  return t(`ticket.problem.${problem}`, { step: number(trimmed(step)) });
}

/** @param {{market: Market}} props */
export function Ticket({ market }) {
  const asking = useSignal(/** @type {NewOrder | null} */ (null));
  const busy = useSignal(false);
  const { side, type, tif, unit } = state;
  const isBuy = side.value === 'buy';
  const spent = isBuy ? market.quote : market.base;
  const have = available(spent, isBuy ? quoteDecimals(market) : market.quantity_decimals);
  const estimated = estimate(market, state.wish(), bookNow());
  const status = statusOf(market);
  const isClosed = status !== 'trading';

  /** @param {number} percent */
  const takeShare = percent => {
    haptic('select');
    if (isBuy && type.value === 'market') unit.value = 'quote';
    if (!isBuy) unit.value = 'base';
    const price = type.value === 'market' ? null : state.price.value.value;
    if (isBuy && type.value !== 'market' && price === null) {
      state.refused.value = { price: t('ticket.price_first') };
      return;
    }
    const part = share(market, side.value, have, percent, price);
    const spends = isBuy && type.value === 'market';
    const decimals = spends ? quoteDecimals(market) : market.quantity_decimals;
    const own = spends ? decimalsOf(balances.value?.get(market.quote)?.available ?? '0.00') : decimals;
    state.amountText.value = part ? typed(trimmed(plain(rescaled(part, decimals, own), own))) : '';
    state.refused.value = {};
  };

  const review = () => {
    if (busy.value || asking.value || !account.value) return;
    const found = { ...(type.value !== 'market' && { price: problemOf('price', market) ?? undefined }), amount: problemOf('amount', market) ?? undefined };
    const now = estimate(market, state.wish(), bookOnce());
    if (!found.price && !found.amount && now) {
      if (now.isThin) found.amount = t('ticket.problem.thin');
      else if (balances.value && needs(now) > have) found.amount = t('ticket.problem.funds', { available: number(plain(have, isBuy ? quoteDecimals(market) : market.quantity_decimals), { most: 8, trim: true }), asset: spent });
    }
    state.refused.value = found;
    if (found.price || found.amount || !now) return haptic('error');
    /** @type {NewOrder} */
    const order = { symbol: market.symbol, side: side.value, type: type.value, client_order_id: newName() };
    if (state.price.value.value !== null) order.price = plain(state.price.value.value, market.price_decimals);
    const amount = /** @type {bigint} */ (state.amount.value.value);
    if (state.spends.value) order.quote_quantity = trimmed(plain(amount, quoteDecimals(market)));
    else order.quantity = plain(amount, market.quantity_decimals);
    const force = FORCES[type.value].includes(tif.value) ? tif.value : FORCES[type.value][0];
    if (type.value !== 'limit_maker' && force) order.time_in_force = force;
    if (now.doubts.length) asking.value = order;
    else send(order);
  };

  /** @param {import('./estimate.js').Estimate} now */
  const needs = now => (isBuy ? (state.spends.value ? state.amount.value.value ?? 0n : now.notional) : now.quantity);

  /** @param {NewOrder} order */
  const send = async order => {
    if (busy.value) return;
    busy.value = true;
    try {
      const placed = await place(order);
      haptic('success');
      state.clear();
      if (placed.status === 'expired' && !placed.fills.length) state.refused.value = { form: t('ticket.nothing_traded') };
    } catch (error) {
      const field = error instanceof Refusal ? FIELD[error.code] : undefined;
      haptic('error');
      if (field === 'price' && type.value === 'market') complain(error);
      else state.refused.value = { [field ?? 'form']: said(error) };
    } finally {
      busy.value = false;
      asking.value = null;
    }
  };

  const action = t(isBuy ? 'ticket.buy' : 'ticket.sell', { base: market.base });
  useEffect(() => on('main_button_pressed', review));
  useEffect(() => {
    mainButton(account.value && !isClosed && !asking.value ? {
      text: action, color: colour(isBuy ? 'up' : 'down'), text_color: colour(isBuy ? 'on-up' : 'on-down'),
      is_active: !busy.value, is_progress_visible: busy.value,
    } : null);
  }, [action, isBuy, isClosed, busy.value, asking.value, account.value, painted.value]);
  useEffect(() => () => mainButton(null), []);

  const unitName = unit.value === 'quote' && type.value === 'market' ? market.quote : market.base;
  return html`
    <section class="panel ticket" aria-label=${t('ticket.title')}>
      <${Choice} kind="switch side-${side.value}" label=${t('ticket.side')} value=${side.value} onPick=${(/** @type {Side} */ value) => {
        side.value = value;
        state.refused.value = {};
      }} options=${[['buy', t('side.buy')], ['sell', t('side.sell')]]} />
      <${Choice} label=${t('ticket.type')} value=${type.value} onPick=${(/** @type {OrderType} */ value) => {
        type.value = value;
        state.refused.value = {};
      }} options=${TYPES.map(each => [each, t(`type.${each}`)])} />
      ${type.value !== 'market' && html`
        <${Field} name="price" label=${t('price')} text=${state.priceText} unit=${html`<span>${market.quote}</span>`}
          hint=${state.rounded.value.price && t('ticket.rounded', { step: number(trimmed(market.tick_size)) })} />`}
      <${Field} name="amount" label=${t('amount')} text=${state.amountText}
        unit=${type.value === 'market' ? html`
          <button type="button" class="unit-button" aria-label=${t('ticket.unit', { unit: unitName })} onClick=${() => {
            unit.value = unit.value === 'base' ? 'quote' : 'base';
            state.amountText.value = '';
          }}>${unitName} ⇄</button>` : html`<span>${market.base}</span>`}
        hint=${state.rounded.value.amount && t('ticket.rounded', { step: number(trimmed(market.lot_size)) })} />
      <div class="percents" role="group" aria-label=${t('ticket.share')}>
        ${[25, 50, 75, 100].map(percent => html`<button type="button" key=${percent} disabled=${!balances.value} onClick=${() => takeShare(percent)}>${percent}\u2009%</button>`)}
      </div>
      ${FORCES[type.value].length > 1 && html`
        <select aria-label=${t('ticket.tif')} value=${FORCES[type.value].includes(tif.value) ? tif.value : FORCES[type.value][0]}
          onChange=${(/** @type {any} */ event) => (tif.value = event.target.value)}>
          ${FORCES[type.value].map(each => html`<option key=${each} value=${each}>${t(/** @type {TextKey} */ (`tif.${each}`))}</option>`)}
        </select>`}
      <dl class="facts">
        ${account.value && html`<div><dt>${t('ticket.available')}</dt><dd>${number(plain(have, isBuy ? quoteDecimals(market) : market.quantity_decimals), { most: isBuy ? QUOTE_SHOWN : 8, trim: !isBuy })} ${spent}</dd></div>`}
        <${Facts} market=${market} estimated=${estimated} />
      </dl>
      ${state.refused.value.form && html`<p class="wrong-word" role="alert">${state.refused.value.form}</p>`}
      ${isClosed ? html`<p class="halted" role="status">${t(status === 'halted' ? 'ticket.halted' : 'ticket.cancel_only')}</p>`
      : account.value === null ? html`<a class="button main wide" href=${path('account')}>${t('ticket.sign_in')}</a>`
      : !launch.inTelegram && html`
        <button type="button" class="button wide ${side.value}" disabled=${busy.value || !account.value} onClick=${review}>${busy.value ? t('ticket.sending') : action}</button>`}
      ${asking.value && html`<${Question} market=${market} order=${asking.value} onYes=${() => asking.value && send(asking.value)} onClose=${() => (asking.value = null)} />`}
    </section>`;
}

/** @param {{market: Market, estimated: import('./estimate.js').Estimate | null}} props */
function Facts({ market, estimated }) {
  const isMarket = state.type.value === 'market';
  /** @param {string} text @param {string} asset */
  const of = (text, asset) => `${text} ${asset}`;
  return html`
    ${isMarket && html`<div><dt>${t('ticket.average')}</dt><dd>${estimated?.average ? `≈ ${number(plain(estimated.average, market.price_decimals))}` : '–'}</dd></div>`}
    ${isMarket && html`<div><dt>${t('ticket.slippage')}</dt><dd>${estimated?.slippage != null ? `≈ ${number(plain(estimated.slippage < 0n ? 0n : estimated.slippage, 2))}\u2009%` : '–'}</dd></div>`}
    <div><dt>${t('ticket.total')}</dt><dd>${estimated ? of(number(plain(estimated.notional, quoteDecimals(market)), { most: QUOTE_SHOWN }), market.quote) : '–'}</dd></div>
    <div><dt>${t('ticket.fee')}</dt><dd>${estimated ? of(`≈ ${number(plain(estimated.fee, FEE_DECIMALS), { most: 8, trim: true })}`, estimated.feeAsset) : '–'}</dd></div>`;
}

/** @param {{market: Market, order: NewOrder, onYes: () => void, onClose: () => void}} props */
function Question({ market, order, onYes, onClose }) {
  const estimated = estimate(market, {
    side: order.side, type: order.type,
    price: order.price ? exact(order.price, market.price_decimals) : null,
    quantity: order.quantity ? exact(order.quantity, market.quantity_decimals) : null,
    spend: order.quote_quantity ? exact(order.quote_quantity, quoteDecimals(market)) : null,
  }, bookNow());
  const quantity = order.quantity ?? (estimated ? plain(estimated.quantity, market.quantity_decimals) : '');
  return html`
    <${Confirm} title=${t(order.side === 'buy' ? 'ask.buy' : 'ask.sell', { quantity: `${order.quantity ? '' : '≈ '}${number(quantity, { trim: true })}`, base: market.base })}
      yes=${t(order.side === 'buy' ? 'ticket.buy' : 'ticket.sell', { base: market.base })} tone=${order.side} onYes=${onYes} onClose=${onClose}>
      <dl class="facts">
        <div><dt>${t('ticket.type')}</dt><dd>${t(`type.${order.type}`)}</dd></div>
        ${order.price && html`<div><dt>${t('price')}</dt><dd>${number(order.price)} ${market.quote}</dd></div>`}
        <${Facts} market=${market} estimated=${estimated} />
      </dl>
      ${estimated?.doubts.filter(each => each !== 'market').map(each => html`<p key=${each} class="doubt">${t(/** @type {TextKey} */ (`ask.${each}`))}</p>`)}
    <//>`;
}
