// Where to send money: an address as text and as a picture. In development play money comes on demand.
import { useSignal } from '@preact/signals';
import * as api from '../lib/api.js';
import { html } from '../lib/html.js';
import { number, t } from '../lib/i18n.js';
import { Choice, copy, Failed, Loading, useLoaded } from '../parts/ui.js';
import { assets } from '../state/markets.js';
import { complain, note } from '../state/notes.js';
import { go, route } from '../state/route.js';
import { isDemo } from '../state/session.js';

/** @param {{asset: string}} props */
function Address({ asset }) {
  const { value, error, again } = useLoaded(() => api.get(`/api/portfolio/deposit-address${api.query({ asset })}`), [asset]);
  /** @type {DepositAddress | null} */
  const told = value?.asset === asset ? value : null;
  if (error) return html`<section class="panel"><${Failed} error=${error} again=${again} /></section>`;
  if (!told) return html`<section class="panel"><${Loading} rows=${5} /></section>`;
  return html`
    <section class="panel padded stack">
      <img class="qr" src="/miniapp/qr.svg?address=${told.address}" width="220" height="220" alt=${t('deposit.qr')} />
      <div><p class="soft small">${t('deposit.address')}</p><p class="mono" data-address>${told.address}</p></div>
      <button type="button" class="button main wide" onClick=${() => copy(told.address)}>${t('deposit.copy')}</button>
      <dl class="facts">
        <div><dt>${t('deposit.network')}</dt><dd>Solana</dd></div>
        <div><dt>${t('deposit.minimum')}</dt><dd>${number(told.minimum, { trim: true })} ${asset}</dd></div>
        <div><dt>${t('deposit.credited')}</dt><dd>${t('deposit.finalized')}</dd></div>
        <div><dt>${t('deposit.mint')}</dt><dd class="mono">${told.mint}</dd></div>
      </dl>
      <p class="soft small">${t('deposit.only', { asset })}</p>
    </section>`;
}

/** @param {{asset: string}} props */
function DemoFunds({ asset }) {
  const busy = useSignal(false);
  const ask = async () => {
    busy.value = true;
    try {
      const { amount } = await api.post('/api/dev/demo-funds', { asset });
      note(t('demo.arrived', { amount: number(amount), asset }), 'good');
    } catch (error) {
      complain(error);
    }
    busy.value = false;
  };
  return html`
    <section class="panel padded stack">
      <p><b>${t('demo.title')}</b><br /><span class="soft small">${t('demo.about')}</span></p>
      <button type="button" class="button wide" disabled=${busy.value} onClick=${ask}>${busy.value ? t('demo.coming') : t('demo.get', { asset })}</button>
    </section>`;
}

export function DepositScreen() {
  const asset = route.value.rest[1] ?? 'USDT';
  return html`
    <${Choice} label=${t('deposit.asset')} value=${asset} onPick=${(/** @type {string} */ value) => go('portfolio', 'deposit', value)}
      options=${assets.value.map(each => [each, each])} />
    ${isDemo && html`<${DemoFunds} asset=${asset} />`}
    <${Address} asset=${asset} />`;
}
