// Where to send money: an address as text and as a picture. In development play money comes on demand.
import { useSignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import * as api from '../lib/api.js';
import { html } from '../lib/html.js';
import { number, t } from '../lib/i18n.js';
import { Choice, copy, Failed, Loading, Transaction, useLoaded } from '../parts/ui.js';
import { assets } from '../state/markets.js';
import { complain, note } from '../state/notes.js';
import { go, route } from '../state/route.js';
import { isDemo } from '../state/session.js';

const LOOK_AGAIN_MS = 1500;

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

/** What is on its way, confirmation by confirmation, until it is credited. @param {{asset: string}} props */
function Arriving({ asset }) {
  const [seen, set] = useState(/** @type {Map<string, Arrival & {credited?: boolean}>} */ (new Map()));
  useEffect(() => {
    set(new Map());
    let wanted = true;
    /** @type {ReturnType<typeof setTimeout>} */
    let timer;
    /** @type {typeof seen} */
    let known = new Map();
    const look = async () => {
      try {
        const { deposits } = await api.get(`/api/portfolio/deposits/arriving${api.query({ asset })}`);
        const now = new Map(known);
        for (const each of /** @type {Arrival[]} */ (deposits)) now.set(each.signature, each);
        const gone = [...known.values()].filter(each => !each.credited && !deposits.some((/** @type {Arrival} */ { signature }) => signature === each.signature));
        if (gone.length) {
          const credited = new Set((await api.get('/api/portfolio/deposits?limit=50')).deposits.map((/** @type {Deposit} */ { signature }) => signature));
          for (const each of gone) if (credited.has(each.signature)) now.set(each.signature, { ...each, credited: true });
        }
        if (wanted) set(known = now);
      } catch {
        // asked again in a moment; the deposit comes all the same
      }
      if (wanted) timer = setTimeout(look, LOOK_AGAIN_MS);
    };
    look();
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [asset]);
  if (!seen.size) return null;
  return html`
    <section class="panel" aria-label=${t('arriving.title')}>
      <h2>${t('arriving.title')}</h2>
      <ul class="rows">${[...seen.values()].reverse().map(each => html`
        <li class="row" key=${each.signature} data-arriving=${each.credited ? 'credited' : each.confirmations}>
          <span class="grow"><b>+${number(each.amount, { trim: true })} ${asset}</b>
            <span class="soft small block" role="status">${each.credited ? t('arriving.credited')
            : t('arriving.confirmations', { have: Math.min(each.confirmations, each.confirmations_needed), need: each.confirmations_needed })}</span>
            <span class="progress block"><i style=${{ transform: `scaleX(${each.credited ? 1 : Math.min(1, each.confirmations / each.confirmations_needed)})` }} /></span></span>
          <${Transaction} signature=${each.signature} explorer=${each.explorer} /></li>`)}</ul>
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
    <${Arriving} asset=${asset} />
    <${Address} asset=${asset} />`;
}
