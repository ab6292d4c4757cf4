// Withdrawals that were asked for: what each comes to, how far it is, and its owner's yes or no.
import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { connect, sign } from 'clobster/wallets';
import { html } from '../lib/html.js';
import { moment, named, number, t } from '../lib/i18n.js';
import { Confirm, Empty, Loading, Transaction } from '../parts/ui.js';
import { complain } from '../state/notes.js';
import { path, route } from '../state/route.js';
import { account } from '../state/session.js';
import { cancel, confirm, ENDED, guard, isCancelable, watch, withdrawals } from '../state/withdrawals.js';
import { Pick, shortAddress, useWallets } from './wallets.js';

const STEPS = ['waits_for_confirmation', 'approved', 'sent', 'completed'];
/** How many of STEPS are behind. @type {Record<string, number>} */
const BEHIND = { waits_for_confirmation: 0, waits_for_delay: 1, waits_for_approval: 1, approved: 1, batched: 1, sent: 2, confirmed: 3, completed: 4 };

/** What is being waited for, in a sentence. @param {Withdrawal} withdrawal */
function sentence({ state, waits_for, reason, confirm_by, waits_until, approvals, approvals_needed }) {
  if (state === 'waits_for_confirmation') return t('withdrawal.until', { when: moment(confirm_by ?? 0) });
  if (state === 'waits_for_delay') return t('withdrawal.delay', { when: moment(waits_until ?? 0) });
  if (state === 'waits_for_approval') return t('withdrawal.approvals', { have: approvals, need: approvals_needed });
  if (state === 'approved' && waits_for) return named('withdrawal_waits', waits_for);
  return reason ? named('withdrawal_reason', reason) : '';
}

/** @param {{withdrawal: Withdrawal}} props */
function Yes({ withdrawal: { id } }) {
  const wallets = useWallets();
  return html`
    <section class="panel padded stack">
      <p><b>${t('withdrawal.confirm')}</b><br /><span class="soft small">${t(account.value?.telegram_id ? 'withdrawal.confirm_either' : 'withdrawal.confirm_wallet')}</span></p>
      <${Pick} wallets=${wallets} onPick=${async (/** @type {import('clobster/wallets').Wallet} */ wallet) => {
        const chosen = await connect(wallet);
        await confirm(id, { address: chosen.address, sign: message => sign(wallet, chosen, message) });
      }} />
    </section>`;
}

/** @param {{withdrawal: Withdrawal}} props */
function One({ withdrawal }) {
  const { id, asset, amount, fee, net, address, state, signature, explorer, created_at } = withdrawal;
  const asking = useSignal(false);
  const behind = BEHIND[state];
  const words = sentence(withdrawal);
  const end = async () => {
    await cancel(id).catch(complain);
    asking.value = false;
  };
  return html`
    <section class="panel padded stack" data-state=${state}>
      <p class="net"><strong>${number(net, { trim: true })} ${asset}</strong><span class="soft small block" role="status">${named('withdrawal', state)}</span></p>
      ${behind !== undefined && html`
        <ol class="steps" aria-label=${t('withdrawal.steps')}>${STEPS.map((step, i) => html`
          <li key=${step} class=${i < behind ? 'done' : i === behind ? 'now' : ''} aria-current=${i === behind ? 'step' : undefined}><i />${t(/** @type {TextKey} */ (`withdrawal_step.${step}`))}</li>`)}</ol>`}
      ${words && html`<p class=${ENDED.includes(state) ? 'soft small' : 'doubt'}>${words}</p>`}
      <dl class="facts">
        <div><dt>${t('amount')}</dt><dd>${number(amount, { trim: true })} ${asset}</dd></div>
        <div><dt>${t('ticket.fee')}</dt><dd>${number(fee, { trim: true })} ${asset}</dd></div>
        <div><dt>${t('withdrawal.net')}</dt><dd>${number(net, { trim: true })} ${asset}</dd></div>
        <div><dt>${t('deposit.network')}</dt><dd>Solana</dd></div>
        <div><dt>${t('withdrawal.to')}</dt><dd class="mono" data-address>${address}</dd></div>
        <div><dt>${t('time')}</dt><dd>${moment(created_at)}</dd></div>
        ${signature && html`<div><dt>${t('withdrawal.transaction')}</dt><dd class="with-button">${shortAddress(signature)}<${Transaction} signature=${signature} explorer=${explorer} /></dd></div>`}
      </dl>
      ${isCancelable(withdrawal) && html`<button type="button" class="button wide" onClick=${() => (asking.value = true)}>${t('withdrawal.cancel')}</button>`}
      ${asking.value && html`
        <${Confirm} title=${t('withdrawal.cancel_ask')} yes=${t('withdrawal.cancel')} tone="danger" onYes=${end} onClose=${() => (asking.value = false)}>
          <p>${t('withdrawal.cancel_about', { amount: number(amount, { trim: true }), asset })}</p><//>`}
    </section>
    ${state === 'waits_for_confirmation' && html`<${Yes} withdrawal=${withdrawal} />`}`;
}

export function Withdrawals() {
  const chosen = Number(route.value.rest[1] ?? 0);
  const all = useComputed(() => withdrawals.value && [...withdrawals.value.values()]);
  useEffect(() => {
    const stops = [watch(), guard()];
    return () => stops.forEach(stop => stop());
  }, []);
  if (!all.value) return html`<section class="panel"><${Loading} rows=${4} /></section>`;
  const one = withdrawals.value?.get(chosen);
  if (one) return html`<${One} key=${one.id} withdrawal=${one} />`;
  return html`
    <section class="panel">${!all.value.length ? html`<${Empty} text=${t('withdrawal.none')} action=${html`<a class="button" href=${path('portfolio', 'withdraw')}>${t('portfolio.withdraw')}</a>`} />` : html`
      <ul class="rows">${all.value.map(each => html`
        <li key=${each.id}><a class="row" href=${path('portfolio', 'withdrawals', String(each.id))}>
          <span class="coin" data-asset=${each.asset} aria-hidden="true">${each.asset.slice(0, 4)}</span>
          <span class="grow"><b>−${number(each.amount, { trim: true })} ${each.asset}</b><span class="soft small block">${shortAddress(each.address)}</span></span>
          <span class="small right">${named('withdrawal', each.state)}<span class="soft block">${moment(each.created_at)}</span></span></a></li>`)}</ul>`}</section>`;
}
