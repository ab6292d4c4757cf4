// The switches of a market at a time, and of all of them: of orders, and of the market maker; and what that stopped for.
import * as api from '../../miniapp/lib/api.js';
import { html } from '../../miniapp/lib/html.js';
import { moment, named, number } from '../../miniapp/lib/i18n.js';
import { Empty, Listed, useLoaded } from '../../miniapp/parts/ui.js';
import { Act, Facts, State } from '../parts.js';
import { overview, round } from '../state/overview.js';
import { levels, t } from '../words.js';
import { States } from './states.js';

const SHOWN = 20; // of the latest alarms

/** @param {string} symbol or all */
const stop = symbol => (/** @type {string} */ reason) => api.post(`/api/admin/quoting/${symbol}/stop`, { reason });
/** @param {string} symbol or all */
const resume = symbol => () => api.post(`/api/admin/quoting/${symbol}/resume`);

/** @param {{symbol: string}} props all where it is empty */
const Pause = ({ symbol }) => html`
  <${Act} label=${t('pause')} title=${symbol ? t('pause.one', { symbol }) : t('pause.all')} wantsReason tone="danger"
    about=${symbol ? t('pause.one_about', { symbol }) : t('pause.all_about')} done=${symbol ? t('pause.one_done', { symbol }) : t('pause.all_done')}
    act=${stop(symbol || 'all')} />`;

/** @param {{symbol: string}} props all where it is empty */
const Resume = ({ symbol }) => html`
  <${Act} label=${t('resume')} title=${symbol ? t('resume.one', { symbol }) : t('resume.all')}
    about=${symbol ? t('resume.one_about', { symbol }) : t('resume.all_about')} done=${symbol ? t('resume.one_done', { symbol }) : t('resume.all_done')}
    act=${resume(symbol || 'all')} />`;

/** @param {{market: QuotedMarket}} props */
function Market({ market: { symbol, stops, stopped_because, bids, asks, trades, volume, position, total, realised, base, quote } }) {
  const isStopped = stops.includes('operator') || stopped_because !== null;
  const isWell = !stops.length && bids + asks > 0;
  return html`
    <section class="panel part" data-market=${symbol} data-well=${isWell ? 'yes' : 'no'}>
      <h2>${symbol}<${State} isWell=${isWell} text=${stops.length ? t('quotes.stopped') : levels({ bids, asks })} /></h2>
      ${stops.length > 0 && html`<p class="padded-line">${stops.map(each => named('stop', each)).join(', ')}${stopped_because && html`<span class="soft block small">${t('stopped_because', { reason: stopped_because })}</span>`}</p>`}
      <${Facts} facts=${[
        [t('maker.trades'), number(String(trades))], [t('maker.volume'), `${number(volume, { most: 2 })} ${quote}`],
        [t('maker.position'), `${number(position, { trim: true, sign: true })} ${base}`], [t('maker.total'), `${number(total ?? realised, { most: 2, sign: true })} ${quote}`],
      ]} />
      <div class="acts">${isStopped ? html`<${Resume} symbol=${symbol} />` : html`<${Pause} symbol=${symbol} />`}
        ${!isStopped && stops.length > 0 && html`<${Resume} symbol=${symbol} />`}</div>
    </section>`;
}

const Alarms = () => {
  const loaded = useLoaded(async () => (await api.get('/api/admin/quoting')).alarms.slice(0, SHOWN), [round.value]);
  return html`
    <section class="panel"><h2>${t('alarms')}</h2>
      <${Listed} loaded=${loaded} empty=${t('alarms.none')}>${(/** @type {QuotingAlarm[]} */ all) => html`
        <ul class="rows lined">${all.map(({ symbol, reason, began, detail, created_at }) => html`
          <li class="row" key=${`${symbol}${reason}${began}${created_at}`}><span class="grow"><span class="strong">${symbol} · ${named('stop', reason)}</span>
            ${detail && html`<span class="soft small block">${detail}</span>`}</span>
            <span class="right small"><span class=${began ? 'down' : 'up'}>${t(began ? 'alarms.began' : 'alarms.over')}</span><span class="soft block">${moment(created_at)}</span></span></li>`)}</ul>`}<//>
    </section>`;
};

function Quotes() {
  const { markets } = /** @type {Overview} */ (overview.value).quotes;
  if (!markets.length) return html`<section class="panel"><${Empty} text=${t('quotes.none')} /></section>`;
  return html`
    <section class="panel part every"><h2>${t('markets.quotes')}</h2><div class="acts"><${Pause} symbol="" /><${Resume} symbol="" /></div></section>
    <div class="parts">${markets.map(market => html`<${Market} key=${market.symbol} market=${market} />`)}</div>
    <${Alarms} />`;
}

export const Markets = () => html`<${States} /><${Quotes} />`;
