// The switch of orders: whether a market, or all of them, trades, only lets go of orders, or is halted.
import * as api from '../../miniapp/lib/api.js';
import { html } from '../../miniapp/lib/html.js';
import { Act, State } from '../parts.js';
import { overview } from '../state/overview.js';
import { t } from '../words.js';

const WAYS = /** @type {const} */ ({ trading: 'resume', cancel_only: 'cancel-only', halted: 'halt' });
const STATES = /** @type {(keyof typeof WAYS)[]} */ (Object.keys(WAYS));

/** @param {{symbol: string, status?: keyof typeof WAYS}} props all where it is empty */
function Switch({ symbol, status }) {
  const market = symbol || t('markets.every');
  return html`<div class="acts">${STATES.filter(state => state !== status).map(state => html`
    <${Act} key=${state} label=${t(`switch_label.${state}`)} title=${t(`switch_title.${state}`, { market })} tone=${state === 'trading' ? '' : 'danger'}
      about=${t(`switch_about.${state}`, { market })} done=${t(`switch_done.${state}`, { market })}
      act=${() => api.post(`/api/admin/markets/${symbol || 'all'}/${WAYS[state]}`)} />`)}</div>`;
}

export const States = () => html`
  <section class="panel part every"><h2>${t('switch')}</h2><p class="soft small">${t('switch.about')}</p><${Switch} symbol="" /></section>
  <div class="parts">${/** @type {Overview} */ (overview.value).markets.markets.map(({ symbol, status }) => html`
    <section class="panel part" key=${symbol} data-state-of=${symbol} data-well=${status === 'trading' ? 'yes' : 'no'}>
      <h2>${symbol}<${State} isWell=${status === 'trading'} text=${t(`market_state.${status}`)} /></h2>
      <${Switch} symbol=${symbol} status=${status} />
    </section>`)}</div>`;
