// One's own orders: what was just sent, what is open, put right by whatever the server says.
import { effect, signal } from '@preact/signals';
import * as api from '../lib/api.js';
import { exact, plain } from '../lib/decimal.js';
import { number, t } from '../lib/i18n.js';
import { follow } from '../lib/stream.js';
import { marketOf } from './markets.js';
import { note } from './notes.js';
import { account } from './session.js';

const OPEN = ['new', 'partially_filled'];
const REMEMBERED = 200;

/** By id, newest first; null until they are known. @type {import('@preact/signals').Signal<Map<number, Order> | null>} */
export const open = signal(null);
/** Orders that were sent and not answered yet. @type {import('@preact/signals').Signal<Order[]>} */
export const sending = signal([]);
/** Orders whose cancellation was sent. @type {import('@preact/signals').Signal<Set<number>>} */
export const leaving = signal(new Set());
/** Rises whenever something traded or an order closed: histories are old then. */
export const changes = signal(0);

/** Orders that are over, lest a late answer brings them back. @type {Set<number>} */
let over = new Set();

/** @param {Order} order */
function take(order) {
  if (sending.peek().some(each => each.client_order_id === order.client_order_id)) {
    sending.value = sending.peek().filter(each => each.client_order_id !== order.client_order_id); // it may come before its answer
  }
  const now = new Map(open.peek());
  const known = now.get(order.id);
  if (over.has(order.id) || (known && known.updated_at > order.updated_at)) return;
  if (OPEN.includes(order.status)) {
    now.set(order.id, order);
  } else {
    now.delete(order.id);
    over = new Set([order.id, ...over].slice(0, REMEMBERED));
  }
  open.value = new Map([...now].sort(([a], [b]) => b - a));
}

/** @param {Order} order @param {Order | undefined} before */
function tell(order, before) {
  const { symbol, side, filled_quantity, average_price, fills } = order;
  if (!fills.length || before?.filled_quantity === filled_quantity) return;
  const market = marketOf(symbol);
  note(t(side === 'buy' ? 'note.bought' : 'note.sold', {
    quantity: number(filled_quantity, { trim: true }),
    base: market?.base ?? symbol,
    price: number(average_price ?? '', market ? { most: market.price_decimals } : {}),
    quote: market?.quote ?? '',
  }), 'good');
}

export function start() {
  effect(() => {
    open.value = null;
    sending.value = [];
    if (!account.value) return;
    return follow('user:orders', ({ type, data }) => {
      if (type === 'snapshot') {
        open.value = new Map(data.map((/** @type {Order} */ order) => [order.id, order]));
      } else {
        /** @type {Map<number, Order>} */
        const last = new Map(data.map((/** @type {Order} */ order) => [order.id, order]));
        for (const order of last.values()) {
          tell(order, open.peek()?.get(order.id));
          take(merged(order, open.peek()?.get(order.id)));
        }
      }
      changes.value++;
    });
  });
}

/** An update brings the fills that made it; the earlier ones are kept. @param {Order} order @param {Order | undefined} before */
function merged(order, before) {
  if (!before) return order;
  const known = new Set(order.fills.map(fill => fill.trade_id));
  return { ...order, fills: [...before.fills.filter(fill => !known.has(fill.trade_id)), ...order.fills] };
}

/** A name for an order, so that it is placed once however often it is sent. */
export const newName = () => `page-${crypto.randomUUID()}`;

/** Place an order; shown as sent at once. Raises what the server refused. @param {NewOrder} order @returns {Promise<Order>} */
export async function place(order) {
  const now = Date.now();
  /** @type {Order} */
  const shown = {
    id: -now, status: 'sending', sending: true, filled_quantity: '0', filled_quote_quantity: '0', average_price: null,
    price: null, quantity: null, quote_quantity: null, time_in_force: 'gtc', created_at: now, updated_at: now, fills: [], ...order,
  };
  sending.value = [shown, ...sending.value];
  try {
    const placed = await api.insist(() => api.post('/api/trading/orders', order));
    if (open.peek()) take(merged(placed, open.peek()?.get(placed.id)));
    return placed;
  } finally {
    sending.value = sending.value.filter(each => each !== shown);
  }
}

/** Make an order smaller; it keeps its place. @param {number} id @param {Decimal} quantity all of it, what has traded too */
export async function amend(id, quantity) {
  take(await api.insist(() => api.patch(`/api/trading/orders/${id}`, { quantity })));
}

/**
 * Cancel an order and place what is left of another in its stead. Raises what was refused: after it the old one may be gone.
 * @param {Order} order @param {Market} market @param {Decimal} price @param {bigint} quantity all of it, in the market's decimals
 */
export async function replace(order, market, price, quantity) {
  const ended = await api.insist(async () => (await api.remove(`/api/trading/orders/${order.id}`)).json());
  take(ended);
  const left = quantity - exact(ended.filled_quantity, market.quantity_decimals);
  if (left <= 0n) return;
  await place({
    symbol: order.symbol, side: order.side, type: order.type, price, quantity: plain(left, market.quantity_decimals),
    client_order_id: newName(), ...(order.type !== 'limit_maker' && { time_in_force: order.time_in_force }),
  });
}

/** @param {number} id */
export async function cancel(id) {
  leaving.value = new Set([...leaving.value, id]);
  try {
    take(await api.insist(async () => (await api.remove(`/api/trading/orders/${id}`)).json()));
  } catch (error) {
    if (!(error instanceof api.Refusal && error.code === 'order_not_open')) throw error; // it is over: the stream says how
  } finally {
    leaving.value = new Set([...leaving.value].filter(each => each !== id));
  }
}

/** Cancel all, of one market or of every market. @param {string | null} symbol */
export async function cancelAll(symbol) {
  const answer = await api.insist(() => api.ask('DELETE', `/api/trading/orders${api.query({ symbol })}`));
  const { orders } = await answer.json();
  for (const order of orders) take(order);
  return orders.length;
}
