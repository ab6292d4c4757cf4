// Money that is to leave: how much of what and where to, and what that comes to while the amount is typed.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Refusal } from '../lib/api.js';
import { decimalsOf, exact, plain, trimmed, units } from '../lib/decimal.js';
import { html } from '../lib/html.js';
import { number, readTyped, said, t, typed } from '../lib/i18n.js';
import { haptic } from '../lib/telegram.js';
import { Choice, Failed, useLoaded } from '../parts/ui.js';
import { balances } from '../state/balances.js';
import { assets } from '../state/markets.js';
import { go, route } from '../state/route.js';
import { account } from '../state/session.js';
import { knownTargets, request, terms, watch } from '../state/withdrawals.js';
import { shortAddress } from './wallets.js';

// Which field a refusal belongs to.
/** @type {Record<string, 'address' | 'amount'>} */
const FIELD = {
  wrong_network: 'address', invalid_address: 'address', own_address: 'address', not_a_wallet: 'address', wrong_mint: 'address',
  wrong_token_program: 'address', target_frozen: 'address', address_not_known: 'address',
  below_minimum: 'amount', too_precise: 'amount', too_large: 'amount', insufficient_funds: 'amount', day_limit: 'amount', invalid_amount: 'amount',
};

/** @typedef {{address?: string, amount?: string, form?: string}} Words */

/** doubt is said while it is typed, and not as loud as what was refused.
 * @param {{name: 'address' | 'amount', label: string, text: import('@preact/signals').Signal<string>, words: import('@preact/signals').Signal<Words>, doubt?: string | undefined, more?: object, children?: any}} props */
function Field({ name, label, text, words, doubt, more = {}, children }) {
  const refused = words.value[name];
  const wrong = refused ?? doubt;
  return html`
    <div class=${wrong ? 'field wrong' : 'field'}>
      <label for=${name}>${label}</label>
      <div class="input"><input id=${name} autocomplete="off" spellcheck=${false} value=${text.value} ...${more}
        aria-invalid=${wrong ? 'true' : 'false'} aria-describedby="${name}-word" onInput=${(/** @type {any} */ event) => {
          text.value = event.target.value;
          words.value = { ...words.value, [name]: undefined, form: undefined };
        }} />${children}</div>
      <p id="${name}-word" class="wrong-word" role=${refused ? 'alert' : undefined}>${wrong}</p>
    </div>`;
}

/** What an amount comes to: all of it is held, the fee is a part of it. Null where it is no amount, or does not pay the fee.
 * @param {bigint | null} asked @param {WithdrawalTerms | null} known */
function cost(asked, known) {
  if (!known || !asked) return null;
  const decimals = decimalsOf(known.fee);
  const net = asked - exact(known.fee, decimals);
  return net > 0n ? { held: plain(asked, decimals), net: plain(net, decimals) } : null;
}

/** @param {{label: string, amount: Decimal | null | undefined, asset: string}} props */
const Sum = ({ label, amount, asset }) => html`
  <div><dt>${label}</dt><dd>${amount ? `${number(amount, { trim: true })} ${asset}` : '–'}</dd></div>`;

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
  const loaded = useLoaded(() => terms(asset), [asset, account.value?.id]);
  const known = loaded.value?.asset === asset ? loaded.value : null; // what is shown of another asset until then is none of this
  const available = balances.value?.get(asset)?.available ?? '0';
  const targets = knownTargets(asset).slice(0, 4);
  const decimals = decimalsOf(known?.fee ?? available);
  const read = readTyped(amount.value);
  const asked = 'problem' in read ? null : units(read.value, decimals);
  const most = known?.maximum ?? null;
  const isTooMuch = most !== null && asked !== null && asked > exact(most, decimals);

  /** What is wrong with the amount for certain. @returns {string | undefined} */
  const problem = () => {
    if ('problem' in read) return t(`ticket.problem.${read.problem}`);
    if (asked === null) return known || balances.value?.has(asset) ? t('ticket.problem.too_precise') : undefined;
    if (asked === 0n) return t('ticket.problem.empty');
    if (known && asked < exact(known.minimum, decimals)) return said({ code: 'below_minimum', details: { minimum: known.minimum, asset } });
    if (balances.value && asked > exact(available, decimals)) return t('ticket.problem.funds', { available: number(available, { trim: true }), asset });
    return undefined;
  };
  // The most moves with prices and with time: whether it is too much is for the exchange to say. A zero may be a beginning.
  const doubt = amount.value && asked !== 0n ? problem() ?? (isTooMuch ? said({ code: 'day_limit' }) : undefined) : undefined;
  const all = most !== null && exact(most, decimals) < exact(available, decimals) ? most : available;
  const comes = cost(asked, known);

  /** @returns {{asset: string, amount: string, address: string} | null} null where something is missing, which is said */
  const wanted = () => {
    /** @type {Words} */
    const found = { amount: problem() };
    if (!address.value.trim()) found.address = t('withdraw.no_address');
    words.value = found;
    return found.address || found.amount || 'problem' in read ? null : { asset, amount: read.value, address: address.value.trim() };
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
      ${targets.length > 0 && html`
        <div class="chips" role="group" aria-label=${t('withdraw.known')}>${targets.map(each => html`
          <button type="button" class="chip mono" key=${each} aria-label=${each} onClick=${() => (address.value = each)}>${shortAddress(each)}</button>`)}</div>`}
      <${Field} name="amount" label=${t('amount')} text=${amount} words=${words} doubt=${doubt} more=${{ inputmode: 'decimal', placeholder: '0' }}>
        <button type="button" class="unit-button" disabled=${!balances.value} onClick=${() => ((amount.value = typed(trimmed(all))), (words.value = {}))}>${t('withdraw.all')}</button><span>${asset}</span><//>
      <dl class="facts">
        <div><dt>${t('deposit.network')}</dt><dd>Solana</dd></div>
        <${Sum} label=${t('ticket.available')} amount=${available} asset=${asset} />
        <${Sum} label=${t('withdraw.least')} amount=${known?.minimum} asset=${asset} />
        ${most !== null && html`<${Sum} label=${t('withdraw.most')} amount=${most} asset=${asset} />`}
      </dl>
      <dl class="facts sums" aria-live="polite">
        <${Sum} label=${t('withdraw.held')} amount=${comes?.held} asset=${asset} />
        <${Sum} label=${t('ticket.fee')} amount=${known?.fee} asset=${asset} />
        <${Sum} label=${t('withdrawal.net')} amount=${comes?.net} asset=${asset} />
      </dl>
      ${known && known.under_way >= known.most_under_way && html`<p class="doubt">${said({ code: 'too_many_withdrawals' })}</p>`}
      ${loaded.error && !known && html`<${Failed} error=${loaded.error} again=${loaded.again} />`}
      ${words.value.form && html`<p class="wrong-word" role="alert">${words.value.form}</p>`}
      <button type="button" class="button main wide" disabled=${busy.value} onClick=${send}>${t(busy.value ? 'ticket.sending' : 'withdraw.go_on')}</button>
      <p class="soft small">${t('withdraw.about')}</p>
    </section>`;
}
