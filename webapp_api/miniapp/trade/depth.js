// The book: what is offered and asked, how deep, in steps of one's choice. A tap on a price takes it over.
import { useSignal } from '@preact/signals';
import { html } from '../lib/html.js';
import { number, t, time } from '../lib/i18n.js';
import { direction, exact, plain, trimmed } from '../lib/decimal.js';
import { Choice, Empty, Loading } from '../parts/ui.js';
import { bookNow, trades } from '../state/desk.js';
import { priceOf, tickerOf } from '../state/markets.js';
import { takePrice } from './ticket_state.js';

const GROUPS = [1n, 10n, 100n, 1000n, 10_000n];

/** @param {{market: Market, rows: number}} props */
export function BookPanel({ market, rows }) {
  const tick = exact(market.tick_size, market.price_decimals);
  const group = useSignal(tick);
  const book = bookNow();
  if (!book) return html`<${Loading} rows=${9} />`;
  if (!book.bids.length && !book.asks.length) return html`<${Empty} text=${t('book.empty')} />`;
  const bids = book.best('bids', rows, group.value);
  const asks = book.best('asks', rows, group.value);
  const deepest = [total(bids), total(asks)].reduce((a, b) => (a > b ? a : b), 1n);
  const [bid, ask] = [book.bids[0]?.price, book.asks[0]?.price];
  const spread = bid !== undefined && ask !== undefined ? plain(ask - bid, market.price_decimals) : null;
  const ticker = tickerOf(market.symbol).value;
  const price = priceOf(ticker);
  return html`
    <div class="book">
      <div class="line head-line"><span>${t('price')} <span class="unit">${market.quote}</span></span><span>${t('amount')} <span class="unit">${market.base}</span></span></div>
      <${Levels} side="asks" levels=${asks} rows=${rows} deepest=${deepest} market=${market} group=${group.value} />
      <p class="middle"><b class=${direction(ticker?.change_percent)}>${price ? number(price, { most: market.price_decimals }) : '–'}</b>
        <span class="soft">${spread ? t('book.spread', { spread: number(spread) }) : t('book.one_side')}</span></p>
      <${Levels} side="bids" levels=${bids} rows=${rows} deepest=${deepest} market=${market} group=${group.value} />
      <select class="group" aria-label=${t('book.group')} value=${String(group.value)}
        onChange=${(/** @type {any} */ event) => (group.value = BigInt(event.target.value))}>
        ${GROUPS.map(times => html`<option key=${times} value=${String(tick * times)}>${number(trimmed(plain(tick * times, market.price_decimals)))}</option>`)}
      </select>
    </div>`;
}

/** @param {import('../state/book.js').Level[]} levels */
const total = levels => levels.reduce((sum, { quantity }) => sum + quantity, 0n);

/** @param {{side: 'bids' | 'asks', levels: import('../state/book.js').Level[], rows: number, deepest: bigint, market: Market, group: bigint}} props */
function Levels({ side, levels, rows, deepest, market }) {
  let sum = 0n;
  const shown = levels.map(({ price, quantity }) => {
    sum += quantity;
    const text = plain(price, market.price_decimals);
    return html`
      <li key=${text}><button type="button" class="line" onClick=${() => takePrice(text)}>
        <i style=${{ transform: `scaleX(${Number((sum * 1000n) / deepest) / 1000})` }} />
        <span>${number(text)}</span><span>${number(plain(quantity, market.quantity_decimals))}</span></button></li>`;
  });
  return html`<ol class="levels ${side}" aria-label=${t(`book.${side}`)} style=${{ '--rows': rows }}>${side === 'asks' ? shown.reverse() : shown}</ol>`;
}

/** What traded last. @param {{market: Market, rows: number}} props */
export function TradesPanel({ market, rows }) {
  const latest = trades.value;
  if (!latest) return html`<${Loading} rows=${9} />`;
  if (!latest.length) return html`<${Empty} text=${t('trades.empty')} />`;
  return html`
    <div class="book">
      <div class="line head-line"><span>${t('price')}</span><span>${t('amount')}</span><span class="when">${t('time')}</span></div>
      <ol class="levels" aria-label=${t('trades.title')}>
        ${latest.slice(0, rows).map(({ trade_id, price, quantity, taker_side, created_at }) => html`
          <li key=${trade_id} class="line"><span class=${taker_side === 'buy' ? 'up' : 'down'}>${taker_side === 'buy' ? '▲' : '▼'}\u2009${number(price)}</span>
            <span>${number(quantity, { most: market.quantity_decimals })}</span><span class="when soft">${time(created_at)}</span></li>`)}
      </ol>
    </div>`;
}

/** On a phone one of the two at a time, in a wide window both. @param {{market: Market, isWide: boolean}} props */
export function BookAndTrades({ market, isWide }) {
  const shown = useSignal(/** @type {'book' | 'trades'} */ ('book'));
  const [book, list] = [
    html`<${BookPanel} market=${market} rows=${isWide ? 9 : 8} />`,
    html`<${TradesPanel} market=${market} rows=${isWide ? 14 : 19} />`,
  ];
  if (isWide) {
    return html`
      <section class="panel book-area" aria-label=${t('book.title')}>
        <h2>${t('book.title')}</h2>${book}<h2>${t('trades.title')}</h2>${list}</section>`;
  }
  return html`
    <section class="panel book-area" aria-label=${t('book.title')}>
      <${Choice} label=${t('book.show')} value=${shown.value} onPick=${(/** @type {'book'} */ value) => (shown.value = value)}
        options=${[['book', t('book.short')], ['trades', t('trades.short')]]} />
      ${shown.value === 'book' ? book : list}</section>`;
}
