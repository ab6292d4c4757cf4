// Profit and loss as a curve.
import { useComputed, useSignal } from '@preact/signals';
import { direction } from '../lib/decimal.js';
import { html } from '../lib/html.js';
import { moment, number, t } from '../lib/i18n.js';
import { Choice, Failed, Loading, useLoaded } from '../parts/ui.js';
import { balances } from '../state/balances.js';
import { markets } from '../state/markets.js';
import { changes } from '../state/orders.js';
import { CURRENCY, earnings, SPANS } from '../state/worth.js';

const [WIDTH, HEIGHT] = [320, 88];

/** @typedef {import('../state/worth.js').Span} Span */

/** @param {{points: import('../state/worth.js').Point[], way: string, label: string}} props */
function Curve({ points, way, label }) {
  const all = [0, ...points.map(({ earned }) => earned)];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  /** @param {number} value */
  const y = value => (high === low ? HEIGHT / 2 : 4 + ((HEIGHT - 8) * (high - value)) / (high - low)).toFixed(1);
  const line = points.map(({ earned }, i) => `${((WIDTH * i) / Math.max(1, points.length - 1)).toFixed(1)},${y(earned)}`);
  return html`
    <svg class="curve ${way}" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${label}>
      <polygon points="0,${y(0)} ${line.join(' ')} ${WIDTH},${y(0)}" />
      <line x1="0" x2=${WIDTH} y1=${y(0)} y2=${y(0)} /><polyline points=${line.join(' ')} /></svg>`;
}

export function Earnings() {
  const span = useSignal(/** @type {Span} */ ('1W'));
  const isKnown = useComputed(() => balances.value !== null && markets.value !== null).value;
  const { value, error, again } = useLoaded(
    async () => (isKnown ? earnings(span.value, [...(balances.peek()?.values() ?? [])]) : null), [span.value, isKnown, changes.value]);
  const earned = value?.at(-1)?.earned ?? 0;
  const text = earned.toFixed(2);
  const way = direction(text);
  const shown = `${{ up: '▲\u2009', down: '▼\u2009', flat: '' }[way]}${number(text, { sign: true })} ${CURRENCY}`;
  return html`
    <section class="panel earnings" aria-label=${t('earnings.title')}>
      <header><h2>${t('earnings.title')}</h2>
        <${Choice} label=${t('earnings.span')} value=${span.value} onPick=${(/** @type {Span} */ picked) => (span.value = picked)}
          options=${Object.keys(SPANS).map(each => [each, t(/** @type {TextKey} */ (`span.${each.toLowerCase().replace('1', '')}`))])} /></header>
      ${error && !value ? html`<${Failed} error=${error} again=${again} />`
      : !value ? html`<${Loading} rows=${3} />` : html`
        <p class="earned"><b class=${way} data-earned>${shown}</b>
          ${value[0] && html`<span class="soft small">${t('earnings.since', { when: moment(value[0].at) })}</span>`}</p>
        <${Curve} points=${value} way=${way} label=${`${t('earnings.title')}: ${shown}`} />`}
    </section>`;
}
