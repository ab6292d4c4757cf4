// One's own orders and trades in a market: what is open, what was, how far it is settled on chain.
import { useSignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import * as api from '../lib/api.js';
import { trimmed } from '../lib/decimal.js';
import { html } from '../lib/html.js';
import { moment, named, number, t } from '../lib/i18n.js';
import { Choice, Confirm, Empty, Failed, Loading, Transaction } from '../parts/ui.js';
import { Icon } from '../parts/icons.js';
import { marketOf, statusOf } from '../state/markets.js';
import { complain, note } from '../state/notes.js';
import { cancel, cancelAll, changes, leaving, open, sending } from '../state/orders.js';
import { account } from '../state/session.js';
import { settlementOf } from '../state/settlements.js';
import { Edit } from './edit.js';

const PAGE = 30;
/** @param {{side: Side, symbol: string, type?: string}} props */
const Head = ({ side, symbol, type }) => {
  const market = marketOf(symbol);
  return html`
    <span class="what"><b class=${side === 'buy' ? 'up' : 'down'}>${t(`side.${side}`)} ${market?.base ?? symbol}</b>
      ${type && html`<span class="soft small">${named('type', type)}</span>`}</span>`;
};

/** @param {Order} order */
const amountOf = order => {
  const market = marketOf(order.symbol);
  if (order.quantity) return `${number(trimmed(order.filled_quantity))} / ${number(trimmed(order.quantity))} ${market?.base ?? ''}`;
  return `${number(order.filled_quote_quantity, { most: 2 })} / ${number(order.quote_quantity ?? '0', { most: 2 })} ${market?.quote ?? ''}`;
};

/** @param {Order} order */
function share(order) {
  const [done, all] = [Number(order.filled_quantity), Number(order.quantity ?? 0)];
  return all ? Math.round((100 * done) / all) : 0;
}

/** Whether orders must stay as they are. @param {string} symbol */
function isHalted(symbol) {
  const market = marketOf(symbol);
  return market !== null && statusOf(market) === 'halted';
}

/** @param {{order: Order}} props */
function OpenOrder({ order }) {
  const isLeaving = leaving.value.has(order.id);
  const editing = useSignal(false);
  const market = marketOf(order.symbol);
  const isStuck = isLeaving || isHalted(order.symbol);
  return html`
    <li class="order" data-order=${order.client_order_id ?? order.id}>
      <${Head} side=${order.side} symbol=${order.symbol} type=${order.type} />
      <span class="figures"><span class="soft small">${t('price')}</span><b>${order.price ? number(order.price) : t('type.market')}</b></span>
      <span class="figures"><span class="soft small">${t('orders.filled')}</span><b>${amountOf(order)}</b>
        <span class="progress"><i style=${{ transform: `scaleX(${share(order) / 100})` }} /></span></span>
      ${order.sending ? html`<span class="soft small state">${t('ticket.sending')}</span>`
      : html`<span class="act">
          <button type="button" class="icon-button" disabled=${isStuck} aria-label=${t('orders.edit_this', { id: order.id })}
            onClick=${() => (editing.value = true)}><${Icon} name="edit" /></button>
          <button type="button" class="button small" disabled=${isStuck} onClick=${() => cancel(order.id).catch(complain)}
            aria-label=${t('orders.cancel_this', { id: order.id })}>${isLeaving ? t('orders.leaving') : t('orders.cancel')}</button></span>`}
      ${editing.value && market && html`<${Edit} market=${market} order=${order} onClose=${() => (editing.value = false)} />`}
    </li>`;
}

/** @param {{symbol: string}} props */
function OpenOrders({ symbol }) {
  const asking = useSignal(false);
  if (!open.value) return html`<${Loading} rows=${2} />`;
  const found = [...sending.value, ...open.value.values()].filter(each => each.symbol === symbol);
  if (!found.length) return html`<${Empty} text=${t('orders.none')} />`;
  const all = async () => {
    try {
      note(t('orders.all_canceled', { count: await cancelAll(symbol) }), 'good');
    } catch (error) {
      complain(error);
    }
    asking.value = false;
  };
  return html`
    <ul class="rows">${found.map(order => html`<${OpenOrder} key=${order.client_order_id ?? order.id} order=${order} />`)}</ul>
    ${found.length > 1 && html`<p class="foot"><button type="button" class="button small" disabled=${isHalted(symbol)} onClick=${() => (asking.value = true)}>${t('orders.cancel_all')}</button></p>`}
    ${asking.value && html`
      <${Confirm} title=${t('orders.cancel_all')} yes=${t('orders.cancel_all_yes')} tone="danger" onYes=${all} onClose=${() => (asking.value = false)}>
        <p>${t('orders.cancel_all_ask', { count: found.length, symbol })}</p><//>`}`;
}

/** A list that grows a page at a time. @template T
 * @param {{path: string, name: string, more?: Record<string, string>, empty: string, children: (item: T) => any}} props */
export function Pages({ path, name, more = {}, empty, children }) {
  const [state, set] = useState(/** @type {{items: T[] | null, next: number | null, error: unknown}} */ ({ items: null, next: null, error: null }));
  const [tries, setTries] = useState(0);
  /** @param {number | null} cursor */
  const load = cursor => api.get(path + api.query({ ...more, limit: PAGE, cursor }));
  const key = JSON.stringify(more);
  useEffect(() => {
    let wanted = true;
    load(null).then(
      told => wanted && set({ items: told[name], next: told.next_cursor ?? null, error: null }),
      error => wanted && set(now => ({ ...now, error })),
    );
    return () => {
      wanted = false;
    };
  }, [path, key, tries, changes.value]);
  if (state.error && !state.items) return html`<${Failed} error=${state.error} again=${() => setTries(tries + 1)} />`;
  if (!state.items) return html`<${Loading} rows=${3} />`;
  if (!state.items.length) return html`<${Empty} text=${empty} />`;
  const further = () => load(state.next).then(
    told => set({ items: [...(state.items ?? []), ...told[name]], next: told.next_cursor ?? null, error: null }), complain);
  return html`
    <ul class="rows">${state.items.map(children)}</ul>
    ${state.next && html`<p class="foot"><button type="button" class="button small" onClick=${further}>${t('more')}</button></p>`}`;
}

/** @param {Order} order */
const closedOrder = order => html`
  <li class="order" key=${order.id}>
    <${Head} side=${order.side} symbol=${order.symbol} type=${order.type} />
    <span class="figures"><span class="soft small">${t('price')}</span><b>${order.average_price ? number(order.average_price, { trim: true }) : order.price ? number(order.price) : '–'}</b></span>
    <span class="figures"><span class="soft small">${t('orders.filled')}</span><b>${amountOf(order)}</b></span>
    <span class="state small"><span>${named('status', order.status)}</span><span class="soft">${moment(order.created_at)}</span></span>
  </li>`;

/** @param {{trade: OwnTrade}} props */
function Settlement({ trade }) {
  const { state, signature, explorer } = settlementOf(trade);
  return html`
    <span class="settled" data-state=${state}>${named('settlement', state)}<${Transaction} signature=${signature} explorer=${explorer} /></span>`;
}

/** @param {OwnTrade} trade */
const ownTrade = trade => html`
  <li class="order" key=${trade.trade_id}>
    <${Head} side=${trade.side} symbol=${trade.symbol} type=${trade.maker ? 'maker' : 'taker'} />
    <span class="figures"><span class="soft small">${t('price')}</span><b>${number(trade.price)}</b></span>
    <span class="figures"><span class="soft small">${t('amount')}</span><b>${number(trade.quantity, { trim: true })} ${marketOf(trade.symbol)?.base ?? ''}</b></span>
    <span class="state small"><${Settlement} trade=${trade} /><span class="soft">${moment(trade.created_at)}</span></span>
    <span class="soft small fee">${t('ticket.fee')} ${number(trade.fee, { trim: true })} ${trade.fee_asset}</span>
  </li>`;

/** @param {{symbol: string}} props */
export function OrdersPanel({ symbol }) {
  const shown = useSignal(/** @type {'open' | 'history' | 'trades'} */ ('open'));
  const count = [...(open.value?.values() ?? []), ...sending.value].filter(each => each.symbol === symbol).length;
  return html`
    <section class="panel orders" aria-label=${t('orders.title')}>
      <${Choice} label=${t('orders.show')} value=${shown.value} onPick=${(/** @type {'open'} */ value) => (shown.value = value)}
        options=${[['open', count ? t('orders.open_count', { count }) : t('orders.open')], ['history', t('orders.history')], ['trades', t('orders.trades')]]} />
      ${account.value === undefined ? html`<${Loading} rows=${2} />`
      : !account.value ? html`<${Empty} text=${t('orders.guest')} />`
      : shown.value === 'open' ? html`<${OpenOrders} symbol=${symbol} />`
      : shown.value === 'history' ? html`<${Pages} key="history" path="/api/trading/orders" name="orders" more=${{ symbol, status: 'closed' }} empty=${t('orders.no_history')}>${closedOrder}<//>`
      : html`<${Pages} key="trades" path="/api/trading/trades" name="trades" more=${{ symbol }} empty=${t('orders.no_trades')}>${ownTrade}<//>`}
    </section>`;
}
