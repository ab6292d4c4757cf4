// The candle chart: history as far as one scrolls, the newest candle as it grows, one's own orders and fills on it.
import { useComputed } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import * as api from '../lib/api.js';
import { html } from '../lib/html.js';
import { language, number, t } from '../lib/i18n.js';
import { follow } from '../lib/stream.js';
import { colour, painted } from '../lib/theme.js';
import { Choice, Failed, Loading } from '../parts/ui.js';
import { account } from '../state/session.js';
import { changes, open } from '../state/orders.js';
import { Candles } from './candles.js';

const INTERVALS = /** @type {const} */ (['1m', '5m', '15m', '1h', '4h', '1d']);
const KEPT = 'clobster-interval';
const NEAR_THE_START = 15; // candles left of what is shown

/** @typedef {import('lightweight-charts').IChartApi} Chart */
/** @typedef {typeof INTERVALS[number]} Interval */

/** Colours that the chart draws with. */
const colours = () => {
  const [up, down, soft, line, raised, ink] = ['up', 'down', 'soft', 'line', 'raised', 'ink'].map(colour);
  return { up: up ?? '', down: down ?? '', soft, line: line ?? '', raised, ink };
};

/** @param {Market} market */
const formatOf = market => ({
  type: /** @type {const} */ ('custom'),
  minMove: Number(market.tick_size),
  formatter: (/** @type {number} */ price) => number(price.toFixed(market.price_decimals)),
});

/** @param {HTMLElement} box @param {Market} market */
async function draw(box, market) {
  const charts = await import('./charts.js');
  const chart = charts.createChart(box, {
    autoSize: true,
    layout: { fontSize: 11, fontFamily: 'system-ui, sans-serif', attributionLogo: true },
    timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 4, borderVisible: false, minBarSpacing: 1.5 },
    rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.08, bottom: 0.24 } },
    handleScroll: { vertTouchDrag: false },
    kineticScroll: { touch: !matchMedia('(prefers-reduced-motion: reduce)').matches, mouse: false },
    localization: { locale: language.peek() },
  });
  const volume = chart.addSeries(charts.HistogramSeries, {
    priceScaleId: 'volume', priceFormat: { type: 'volume' }, lastValueVisible: false, priceLineVisible: false,
  });
  chart.priceScale('volume').applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
  const prices = chart.addSeries(charts.CandlestickSeries, { priceFormat: formatOf(market), borderVisible: false });
  return { chart, prices, volume, marks: charts.createSeriesMarkers(prices, []) };
}

/** @param {{market: Market}} props */
export function ChartPanel({ market }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [drawn, setDrawn] = useState(/** @type {Awaited<ReturnType<typeof draw>> | null} */ (null));
  const [candles, setCandles] = useState(/** @type {Candles | null} */ (null));
  const [state, setState] = useState(/** @type {{loaded?: boolean, empty?: boolean, error?: unknown}} */ ({}));
  const [tries, setTries] = useState(0);
  const [interval, setInterval] = useState(/** @type {Interval} */ (
    INTERVALS.find(each => each === localStorage.getItem(KEPT)) ?? '15m'));
  const mine = useComputed(() => [...(open.value?.values() ?? [])].filter(each => each.symbol === market.symbol && each.price));

  useEffect(() => {
    if (!drawn) return;
    const { up, down, soft, line, raised } = colours();
    drawn.chart.applyOptions({
      layout: { background: { color: raised ?? '' }, textColor: soft ?? '' },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
      crosshair: { vertLine: { color: soft ?? '', labelBackgroundColor: soft ?? '' }, horzLine: { color: soft ?? '', labelBackgroundColor: soft ?? '' } },
    });
    drawn.prices.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
    candles?.show();
  }, [drawn, candles, painted.value]);

  useEffect(() => {
    drawn?.chart.applyOptions({ localization: { locale: language.value } });
  }, [drawn, language.value]);

  useEffect(() => {
    if (!drawn) return;
    let wanted = true;
    const kept = new Candles(market.symbol, interval, drawn, () => {
      const { up, down } = colours();
      return { up: `${up}66`, down: `${down}66` };
    });
    const stop = () => {
      wanted = false;
      unfollow();
      kept.end();
      drawn.chart.timeScale().unsubscribeVisibleLogicalRangeChange(scrolled);
    };
    const scrolled = (/** @type {{from: number} | null} */ range) => {
      if (range && range.from < NEAR_THE_START) kept.older().catch(() => {}); // tried again at the next scroll
    };
    /** @type {() => void} */
    let unfollow = () => {};
    setState({});
    kept.newest().then(() => {
      if (!wanted) return;
      setState({ loaded: true, empty: kept.isEmpty });
      setCandles(kept);
      drawn.chart.timeScale().subscribeVisibleLogicalRangeChange(scrolled);
      let isFirst = true;
      unfollow = follow(`candles:${market.symbol}:${interval}`, ({ type, data }) => {
        if (type === 'snapshot' && !isFirst) kept.newest().catch(() => {}); // after a silence: with what was missed
        else kept.take(data.candle);
        isFirst = false;
        setState({ loaded: true, empty: kept.isEmpty });
      });
    }, error => wanted && setState({ error }));
    return stop;
  }, [drawn, interval, tries]);

  useEffect(() => {
    if (!drawn || !candles) return;
    const { up, down } = colours();
    const lines = mine.value.map(({ side, price }) => drawn.prices.createPriceLine({
      price: Number(price), color: side === 'buy' ? up : down, lineWidth: 1, lineStyle: 2, axisLabelVisible: true,
      title: t(`side.${side}`),
    }));
    return () => lines.forEach(line => drawn.prices.removePriceLine(line));
  }, [drawn, candles, mine.value, painted.value, language.value]);

  useEffect(() => {
    if (!drawn || !candles || !account.value) return void drawn?.marks.setMarkers([]);
    let wanted = true;
    api.get(`/api/trading/trades${api.query({ symbol: market.symbol, limit: 100 })}`).then(({ trades }) => {
      if (!wanted) return;
      const { up, down } = colours();
      drawn.marks.setMarkers(/** @type {OwnTrade[]} */ (trades).map(({ side, created_at }) => ({
        time: candles.timeOf(created_at),
        position: side === 'buy' ? /** @type {const} */ ('belowBar') : /** @type {const} */ ('aboveBar'),
        shape: side === 'buy' ? /** @type {const} */ ('arrowUp') : /** @type {const} */ ('arrowDown'),
        color: side === 'buy' ? up : down,
      })).filter(mark => candles.has(mark.time)).reverse());
    }, () => {});
    return () => {
      wanted = false;
    };
  }, [drawn, candles, changes.value, account.value, painted.value]);

  // The last effect, so that whoever leaves takes everything from the chart before it goes.
  useEffect(() => {
    let wanted = true;
    /** @type {Chart | undefined} */
    let chart;
    if (box.current) {
      draw(box.current, market).then(made => {
        chart = made.chart;
        if (wanted) setDrawn(made);
        else chart.remove();
      }, error => wanted && setState({ error }));
    }
    return () => {
      wanted = false;
      setDrawn(null);
      chart?.remove();
    };
  }, [market.symbol]);

  /** @param {Interval} value */
  const pick = value => {
    localStorage.setItem(KEPT, value);
    setInterval(value);
  };
  return html`
    <section class="panel chart" aria-label=${t('chart.title', { symbol: market.symbol })}>
      <${Choice} label=${t('chart.interval')} value=${interval} onPick=${pick} options=${INTERVALS.map(each => [each, each])} />
      <div class="canvas" data-loaded=${state.loaded ? 'yes' : 'no'}>
        <div ref=${box} />
        ${state.error ? html`<${Failed} error=${state.error} again=${() => setTries(tries + 1)} />`
        : !state.loaded ? html`<${Loading} rows=${5} />`
        : state.empty && html`<p class="empty">${t('chart.empty')}</p>`}
      </div>
    </section>`;
}
