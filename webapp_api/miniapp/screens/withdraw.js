// Money that is to leave: how much of what and where to, then what that comes to, before its owner says yes.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Refusal } from '../lib/api.js';
import { decimalsOf, trimmed, units } from '../lib/decimal.js';
import { html } from '../lib/html.js';
import { number, readTyped, said, t, typed } from '../lib/i18n.js';
import { haptic } from '../lib/telegram.js';
import { Choice } from '../parts/ui.js';
import { balances } from '../state/balances.js';
import { assets } from '../state/markets.js';
import { go, route } from '../state/route.js';
import { knownTargets, request, watch } from '../state/withdrawals.js';
import { shortAddress } from './wallets.js';

// Which field a refusal belongs to.
/** @type {Record<string, 'address' | 'amount'>} */
const FIELD = {
  wrong_network: 'address', invalid_address: 'address', own_address: 'address', not_a_wallet: 'address', wrong_mint: 'address',
  wrong_token_program: 'address', target_frozen: 'address', address_not_known: 'address',
  below_minimum: 'amount', too_precise: 'amount', too_large: 'amount', insufficient_funds: 'amount', day_limit: 'amount', invalid_amount: 'amount',
};

/** @typedef {{address?: string, amount?: string, form?: string}} Words */

/** @param {{name: 'address' | 'amount', label: string, text: import('@preact/signals').Signal<string>, words: import('@preact/signals').Signal<Words>, more?: object, children?: any}} props */
function Field({ name, label, text, words, more = {}, children }) {
  const wrong = words.value[name];
  return html`
    <div class=${wrong ? 'field wrong' : 'field'}>
      <label for=${name}>${label}</label>
      <div class="input"><input id=${name} autocomplete="off" spellcheck=${false} value=${text.value} ...${more}
        aria-invalid=${wrong ? 'true' : 'false'} aria-describedby="${name}-word" onInput=${(/** @type {any} */ event) => {
          text.value = event.target.value;
          words.value = { ...words.value, [name]: undefined, form: undefined };
        }} />${children}</div>
      <p id="${name}-word" class="wrong-word" role=${wrong ? 'alert' : undefined}>${wrong}</p>
    </div>`;
}

export function WithdrawScreen() {
  const asset = route.value.rest[1] ?? 'USDT';
  const [address, amount] = [useSignal(''), useSignal('')];
  const words = useSignal(/** @type {Words} */ ({}));
  const busy = useSignal(false);
  const sent = useRef({ content: '', name: '' });
  useEffect(watch, []);
  useEffect(() => {
    amount.value = '';
    words.value = {};
  }, [asset]);
  const available = balances.value?.get(asset)?.available ?? '0';
  const known = knownTargets(asset).slice(0, 4);

  /** @returns {{asset: string, amount: string, address: string} | null} null where something is missing, which is said */
  const wanted = () => {
    const read = readTyped(amount.value);
    /** @type {Words} */
    const found = {};
    if (!address.value.trim()) found.address = t('withdraw.no_address');
    if ('problem' in read) found.amount = t(`ticket.problem.${read.problem}`);
    else {
      const decimals = decimalsOf(available);
      const [asked, have] = [units(read.value, decimals), units(available, decimals) ?? 0n];
      if (asked === null && balances.value?.has(asset)) found.amount = t('ticket.problem.too_precise');
      else if (asked === 0n) found.amount = t('ticket.problem.empty');
      else if (asked !== null && balances.value && asked > have) found.amount = t('ticket.problem.funds', { available: number(available, { trim: true }), asset });
    }
    words.value = found;
    return found.address || 'problem' in read || found.amount ? null : { asset, amount: read.value, address: address.value.trim() };
  };

  const send = async () => {
    const asking = busy.value ? null : wanted();
    if (!asking) return haptic('error');
    const content = JSON.stringify(asking);
    if (sent.current.content !== content) sent.current = { content, name: `page-${crypto.randomUUID()}` };
    busy.value = true;
    try {
      const made = await request(asking, sent.current.name);
      haptic('success');
      go('portfolio', 'withdrawals', String(made.id));
    } catch (error) {
      haptic('error');
      words.value = { [(error instanceof Refusal && FIELD[error.code]) || 'form']: said(error) };
    } finally {
      busy.value = false;
    }
  };

  return html`
    <${Choice} label=${t('deposit.asset')} value=${asset} onPick=${(/** @type {string} */ value) => go('portfolio', 'withdraw', value)}
      options=${assets.value.map(each => [each, each])} />
    <section class="panel padded stack">
      <${Field} name="address" label=${t('withdraw.address')} text=${address} words=${words} more=${{ placeholder: t('withdraw.address_hint') }} />
      ${known.length > 0 && html`
        <div class="chips" role="group" aria-label=${t('withdraw.known')}>${known.map(each => html`
          <button type="button" class="chip mono" key=${each} aria-label=${each} onClick=${() => (address.value = each)}>${shortAddress(each)}</button>`)}</div>`}
      <${Field} name="amount" label=${t('amount')} text=${amount} words=${words} more=${{ inputmode: 'decimal', placeholder: '0' }}>
        <button type="button" class="unit-button" disabled=${!balances.value} onClick=${() => (amount.value = typed(trimmed(available)))}>${t('withdraw.all')}</button><span>${asset}</span><//>
      <dl class="facts">
        <div><dt>${t('ticket.available')}</dt><dd>${number(available, { trim: true })} ${asset}</dd></div>
        <div><dt>${t('deposit.network')}</dt><dd>Solana</dd></div>
      </dl>
      ${words.value.form && html`<p class="wrong-word" role="alert">${words.value.form}</p>`}
      <button type="button" class="button main wide" disabled=${busy.value} onClick=${send}>${t(busy.value ? 'ticket.sending' : 'withdraw.go_on')}</button>
      <p class="soft small">${t('withdraw.about')}</p>
    </section>`;
}
