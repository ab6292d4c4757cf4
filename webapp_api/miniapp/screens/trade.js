// One market: how its price went, its book, and one's own dealings in it.
import { signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { direction } from '../lib/decimal.js';
import { html } from '../lib/html.js';
import { number, short, t } from '../lib/i18n.js';
import { Icon } from '../parts/icons.js';
import { Change, Empty, Failed, Loading, Sheet } from '../parts/ui.js';
import * as desk from '../state/desk.js';
import { load, marketOf, markets, priceOf, problem, tickerOf } from '../state/markets.js';
import { go, route } from '../state/route.js';
import { ChartPanel } from '../trade/chart.js';
import { BookAndTrades } from '../trade/depth.js';
import { OrdersPanel } from '../trade/orders.js';
import { Ticket } from '../trade/ticket.js';
import { Closed, Star } from './markets.js';

const KEPT = 'clobster-market';
const wide = matchMedia('(min-width: 1000px)');
const isWide = signal(wide.matches);
wide.addEventListener('change', () => (isWide.value = wide.matches));

/** @param {{market: Market}} props */
function Header({ market }) {
  const choosing = useSignal(false);
  const ticker = tickerOf(market.symbol).value;
  const price = priceOf(ticker);
  useEffect(() => {
    document.title = price ? `${number(price, { most: market.price_decimals })} ${market.base}/${market.quote} · Clobster` : 'Clobster';
  }, [price, market.symbol]);
  useEffect(() => () => void (document.title = 'Clobster'), []);
  /** @param {string | null | undefined} text */
  const shown = text => (text ? number(text, { most: market.price_decimals }) : '–');
  return html`
    <header class="market-head panel">
      <div class="name">
        <h1><button type="button" onClick=${() => (choosing.value = true)} aria-haspopup="dialog">
          <span class="coin" data-asset=${market.base} aria-hidden="true">${market.base.slice(0, 3)}</span>${market.base}/${market.quote}<${Icon} name="down" /></button></h1>
        <${Closed} market=${market} />
        <${Star} symbol=${market.symbol} name=${`${market.base}/${market.quote}`} />
      </div>
      <div class="last"><strong class=${direction(ticker?.change_percent)} data-price>${shown(price)}</strong>
        <span>${ticker?.last || !price ? html`<${Change} percent=${ticker?.change_percent} />` : html`<span class="soft">${t('trade.reference')}</span>`}</span></div>
      <dl class="day">
        <div><dt>${t('trade.high')}</dt><dd>${shown(ticker?.high)}</dd></div>
        <div><dt>${t('trade.low')}</dt><dd>${shown(ticker?.low)}</dd></div>
        <div><dt>${t('trade.volume')}</dt><dd>${ticker ? `${short(ticker.quote_volume)} ${market.quote}` : '–'}</dd></div>
      </dl>
      ${choosing.value && html`
        <${Sheet} title=${t('nav.markets')} onClose=${() => (choosing.value = false)}>
          <ul class="rows">${markets.value?.map(each => html`
            <li key=${each.symbol}><button type="button" class="row" onClick=${() => {
              choosing.value = false;
              go('trade', each.symbol);
            }}><span class="coin" data-asset=${each.base} aria-hidden="true">${each.base.slice(0, 3)}</span><b class="grow">${each.base}/${each.quote} <${Closed} market=${each} /></b>
              <span class="right"><span>${priceOf(tickerOf(each.symbol).value) ?? '–'}</span></span></button></li>`)}</ul><//>`}
    </header>`;
}

export function Trade() {
  const wanted = route.value.rest[0] ?? localStorage.getItem(KEPT) ?? markets.value?.[0]?.symbol;
  const market = marketOf(wanted);
  useEffect(() => {
    if (!market) return;
    localStorage.setItem(KEPT, market.symbol);
    return desk.open(market);
  }, [market?.symbol]);
  if (!markets.value) return problem.value ? html`<${Failed} error=${problem.value} again=${load} />` : html`<${Loading} rows=${8} />`;
  if (!market) return html`<${Empty} text=${t('trade.unknown', { symbol: wanted ?? '' })} action=${html`<a class="button" href="#/markets">${t('nav.markets')}</a>`} />`;
  return html`
    <div class="desk" key=${market.symbol}>
      <${Header} market=${market} />
      <${ChartPanel} market=${market} />
      <${BookAndTrades} market=${market} isWide=${isWide.value} />
      <${Ticket} market=${market} />
      <${OrdersPanel} symbol=${market.symbol} />
    </div>`;
}
