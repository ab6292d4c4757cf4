// All markets: what they cost, how that has changed, how much of them trades.
import { useSignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { direction } from '../lib/decimal.js';
import { html } from '../lib/html.js';
import { number, short, t } from '../lib/i18n.js';
import { Icon } from '../parts/icons.js';
import { Change, Choice, Empty, Failed, Loading } from '../parts/ui.js';
import { favourites, load, markets, priceOf, problem, sparkline, statusOf, tickerOf, toggleFavourite } from '../state/markets.js';
import { path } from '../state/route.js';

/** A line of closing prices; decoration, so its numbers need not be exact. @param {{symbol: string, tone: string}} props */
function Spark({ symbol, tone }) {
  const [closes, set] = useState(/** @type {number[]} */ ([]));
  useEffect(() => void sparkline(symbol).then(set, () => {}), [symbol]);
  if (closes.length < 2) return html`<svg class="spark" viewBox="0 0 96 30" aria-hidden="true" />`;
  const [low, high] = [Math.min(...closes), Math.max(...closes)];
  const points = closes.map((close, i) =>
    `${((96 * i) / (closes.length - 1)).toFixed(1)},${(28 - (26 * (close - low)) / (high - low || 1)).toFixed(1)}`);
  return html`<svg class="spark ${tone}" viewBox="0 0 96 30" preserveAspectRatio="none" aria-hidden="true">
    <polyline points=${points.join(' ')} /></svg>`;
}

/** @param {{symbol: string, name: string}} props */
export const Star = ({ symbol, name }) => {
  const liked = favourites.value.has(symbol);
  return html`
    <button type="button" class="icon-button" aria-pressed=${liked} aria-label=${t('markets.favourite', { name })}
      onClick=${() => toggleFavourite(symbol)}><${Icon} name="star" full=${liked} /></button>`;
};

/** That a market takes no orders, where it takes none. @param {{market: Market}} props */
export function Closed({ market }) {
  const status = statusOf(market);
  return status === 'trading' ? null : html`<span class="closed">${t(`market.${status}`)}</span>`;
}

/** @param {{market: Market}} props */
function Row({ market }) {
  const { symbol, base, quote, price_decimals } = market;
  const ticker = tickerOf(symbol).value;
  const price = priceOf(ticker);
  /** @param {string | null | undefined} text */
  const shown = text => (text ? number(text, { most: price_decimals }) : '–');
  return html`
    <li class="market">
      <${Star} symbol=${symbol} name=${`${base}/${quote}`} />
      <a href=${path('trade', symbol)}>
        <span><b>${base}<span class="soft small">/${quote}</span></b>
          ${statusOf(market) !== 'trading' ? html`<span style="display:block"><${Closed} market=${market} /></span>`
          : html`<span class="soft small" style="display:block">${ticker ? `${short(ticker.quote_volume)} ${quote}` : ' '}</span>`}</span>
        <${Spark} symbol=${symbol} tone=${direction(ticker?.change_percent)} />
        <span class="wide right soft">${shown(ticker?.high)}</span>
        <span class="wide right soft">${shown(ticker?.low)}</span>
        <span class="wide right soft">${shown(ticker?.bid)}</span>
        <span class="wide right soft">${shown(ticker?.ask)}</span>
        <span class="right"><span class="price" style="display:block">${shown(price)}</span>
          <span class="change"><${Change} percent=${ticker?.change_percent} /></span></span>
      </a>
    </li>`;
}

/** What stands where, in a wide window. */
const Columns = () => html`
  <div class="market columns" aria-hidden="true">
    ${['', '', '', t('trade.high'), t('trade.low'), t('markets.bid'), t('markets.ask'), t('price')].map((text, i) => html`<span class="right" key=${i}>${text}</span>`)}
  </div>`;

export function Markets() {
  const wanted = useSignal('');
  const shown = useSignal(/** @type {'all' | 'favourites'} */ ('all'));
  const text = wanted.value.trim().toUpperCase().replace(/[^A-Z0-9]/g, '');
  const found = markets.value?.filter(({ symbol }) =>
    symbol.includes(text) && (shown.value === 'all' || favourites.value.has(symbol)));
  return html`
    <div class="title"><h1>${t('nav.markets')}</h1></div>
    <div class="search">
      <${Icon} name="search" />
      <input type="search" aria-label=${t('markets.search')} placeholder=${t('markets.search')} autocomplete="off" spellcheck=${false}
        value=${wanted.value} onInput=${(/** @type {any} */ event) => (wanted.value = event.target.value)} />
    </div>
    <${Choice} label=${t('markets.show')} value=${shown.value} onPick=${(/** @type {'all'} */ value) => (shown.value = value)}
      options=${[['all', t('markets.all')], ['favourites', t('markets.favourites')]]} />
    <section class="panel">
      ${found?.length ? html`<${Columns} /><ul class="rows">${found.map(market => html`<${Row} key=${market.symbol} market=${market} />`)}</ul>`
      : found ? html`<${Empty} text=${t(shown.value === 'all' || text ? 'markets.none' : 'markets.no_favourites')} />`
      : problem.value ? html`<${Failed} error=${problem.value} again=${load} />`
      : html`<${Loading} rows=${4} />`}
    </section>`;
}
