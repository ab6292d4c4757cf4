// What leaves and what is owed on the chain: large withdrawals, trades that can't settle, and where the books differ from it.
import * as api from '../../miniapp/lib/api.js';
import { decimalsOf, exact, plain } from '../../miniapp/lib/decimal.js';
import { html } from '../../miniapp/lib/html.js';
import { moment, named, number } from '../../miniapp/lib/i18n.js';
import { Copy, Empty, Failed, Loading, useLoaded } from '../../miniapp/parts/ui.js';
import { account } from '../../miniapp/state/session.js';
import { Act, Facts, State } from '../parts.js';
import { overview, round } from '../state/overview.js';
import { ago, t } from '../words.js';

const APPROVABLE = ['waits_for_delay', 'waits_for_approval'];
const ENDABLE = ['waits_for_confirmation', ...APPROVABLE, 'approved', 'batched'];

/** Who an account is to who looks. @param {number} id */
const who = id => (id === account.value?.id ? t('you') : t('account.number', { id }));

/** @param {Withdrawal} withdrawal */
const lacks = withdrawal => APPROVABLE.includes(withdrawal.state) && withdrawal.approvals < withdrawal.approvals_needed;

/** Why who looks can't agree to it, if so. @param {AccountWithdrawal} props */
function hindered({ account_id, approved_by }) {
  const me = account.value?.id ?? 0;
  if (account_id === me) return t('approve.own');
  return approved_by.includes(me) ? t('approve.agreed') : '';
}

/** @param {{of: AccountWithdrawal}} props */
function One({ of }) {
  const { account_id, approved_by, withdrawal } = of;
  const { id, asset, net, fee, address, state, waits_for, approvals, approvals_needed, created_at, waits_until } = withdrawal;
  const what = { amount: number(net, { trim: true }), asset, id, account: account_id };
  const hindrance = hindered(of);
  return html`
    <section class="panel part" data-withdrawal=${id}>
      <h2>${what.amount} ${asset}<span class="soft small">#${id}</span></h2>
      <${Facts} facts=${[
        [t('withdrawals.of'), who(account_id)],
        [t('ticket.fee'), `${number(fee, { trim: true })} ${asset}`],
        state !== 'waits_for_approval' && [t('withdrawals.state'), named('withdrawal', state)],
        waits_for !== null && [t('withdrawals.waits'), named('waits', waits_for)],
        waits_until !== null && [t('withdrawals.until'), moment(waits_until)],
        [t('withdrawals.asked'), moment(created_at)],
        approvals_needed > 0 && [t('approve.have'), `${t('approve.of', { have: approvals, need: approvals_needed })}${approved_by.length ? `: ${approved_by.map(who).join(', ')}` : ''}`],
      ]} />
      <p class="address"><span class="soft small">${t('withdrawal.to')}</span><span class="mono">${address}</span><${Copy} text=${address} label=${t('address.copy')} /></p>
      ${lacks(withdrawal) && hindrance && html`<p class="small warned">${hindrance}</p>`}
      <div class="acts">
        ${lacks(withdrawal) && !hindrance && html`
          <${Act} label=${t('approve')} title=${t('approve.one', what)} kind="main" done=${t('approve.done', what)}
            about=${t(approvals + 1 < approvals_needed ? 'approve.about_first' : 'approve.about_last', { ...what, address })}
            act=${() => api.post(`/api/admin/withdrawals/${id}/approve`)} />`}
        ${ENDABLE.includes(state) && html`
          <${Act} label=${t('refuse')} title=${t('refuse.one', what)} tone="danger" about=${t('refuse.about', what)} done=${t('refuse.done', what)}
            act=${() => api.post(`/api/admin/withdrawals/${id}/reject`)} />`}
      </div>
    </section>`;
}

/** Whether they are sent at all. @param {{because: string | null}} props */
const Sending = ({ because }) => html`
  <section class="panel part" data-part="sending" data-well=${because === null ? 'yes' : 'no'}>
    <h2>${t('sending')}<${State} isWell=${because === null} text=${t(because === null ? 'sending.on' : 'sending.off')} /></h2>
    ${because !== null && html`<p class="soft small">${t('stopped_because', { reason: because })}</p>`}
    <div class="acts">${because === null
      ? html`<${Act} label=${t('sending.halt')} title=${t('sending.stop')} tone="danger" wantsReason about=${t('sending.stop_about')} done=${t('sending.stopped')}
          act=${(/** @type {string} */ reason) => api.post('/api/admin/withdrawals/stop', { reason })} />`
      : html`<${Act} label=${t('resume')} title=${t('sending.resume')} about=${t('sending.resume_about')} done=${t('sending.resumed')}
          act=${() => api.post('/api/admin/withdrawals/resume')} />`}</div>
  </section>`;

/** The books beside the chain. @param {{books: Overview['books']}} props */
const Books = ({ books: { comparison, age_s } }) => comparison && html`
  <section class="panel part" data-part="books" data-well=${comparison.withdrawals_stopped ? 'no' : 'yes'}>
    <h2>${t('part.books')}<${State} isWell=${!comparison.withdrawals_stopped} text=${t(comparison.withdrawals_stopped ? 'books.differ' : 'books.agree')} /></h2>
    <${Facts} facts=${[[t('books.compared'), ago(age_s)]]} />
    ${comparison.differences.map(each => html`<${Differs} key=${`${each.identity}${each.account_id}${each.asset}`} of=${each} />`)}
    ${comparison.withdrawals_stopped && html`
      <p class="small">${t('books.explain')}</p>
      <div class="acts"><${Act} label=${t('books.clear')} title=${t('books.clear_title')} tone="danger" about=${t('books.clear_about', { n: comparison.differences.length })} done=${t('books.cleared')}
        act=${() => api.post('/api/admin/reconciliation/clear')} /></div>`}
    <${Amounts} title=${t('books.surplus')} amounts=${comparison.surplus} />
    <${Amounts} title=${t('books.frozen')} amounts=${comparison.frozen} />
  </section>`;

/** @param {{of: Difference}} props */
function Differs({ of: { account_id, asset, identity, expected, found, note } }) {
  const decimals = Math.max(decimalsOf(expected), decimalsOf(found));
  const difference = plain(exact(found, decimals) - exact(expected, decimals), decimals);
  return html`
    <div class="differs" data-difference=${asset}>
      <p class="strong">${named('identity', identity)} · ${t('account.number', { id: account_id })}${note && html` · <span class="down">${named('token_account', note)}</span>`}</p>
      <${Facts} facts=${[
        [t('books.expected'), `${number(expected, { trim: true })} ${asset}`], [t('books.found'), `${number(found, { trim: true })} ${asset}`],
        [t('books.difference'), html`<span class="down">${number(difference, { trim: true, sign: true })} ${asset}</span>`],
      ]} />
    </div>`;
}

/** @param {{title: string, amounts: VaultAmount[]}} props */
const Amounts = ({ title, amounts }) => amounts.length > 0 && html`
  <p class="strong">${title}</p>
  <${Facts} facts=${amounts.map(each => [t('account.number', { id: each.account_id }), `${number(each.amount, { trim: true })} ${each.asset}`])} />`;

/** Trades that can't settle. */
function Failures() {
  const loaded = useLoaded(async () => (await api.get('/api/admin/settlement')).failed_fills, [round.value]);
  /** @param {number} [trade] */
  const retry = trade => () => api.post('/api/admin/settlement/retry', trade ? { trades: [trade] } : {});
  const failed = /** @type {FailedFill[] | null} */ (loaded.value);
  return html`
    <section class="panel part" data-part="failures" data-well=${failed?.length ? 'no' : 'yes'}>
      <h2>${t('failures')}${failed && html`<${State} isWell=${!failed.length} text=${failed.length ? String(failed.length) : t('well')} />`}</h2>
      ${loaded.error && !failed ? html`<${Failed} error=${loaded.error} again=${loaded.again} />`
        : !failed ? html`<${Loading} rows=${1} />`
        : !failed.length ? html`<p class="soft small">${t('failures.none')}</p>` : html`
        <ul class="rows">${failed.map(({ trade_id, symbol, reason, created_at }) => html`
          <li key=${trade_id} class="fill"><span class="grow"><span class="strong">${symbol} · ${t('failures.trade', { id: trade_id })}</span><span class="soft small block">${reason}</span><span class="soft small block">${moment(created_at)}</span></span>
            <${Act} label=${t('again')} title=${t('failures.retry', { id: trade_id })} about=${t('failures.retry_about')} done=${t('failures.retried')} act=${retry(trade_id)} /></li>`)}</ul>
        <div class="acts"><${Act} label=${t('failures.retry_all')} title=${t('failures.retry_all')} about=${t('failures.retry_about')} done=${t('failures.retried')} act=${retry()} /></div>`}
    </section>`;
}

export function Money() {
  const { books, settlement } = /** @type {Overview} */ (overview.value);
  const loaded = useLoaded(() => api.get('/api/admin/withdrawals'), [round.value]);
  const seen = /** @type {UnderWay | null} */ (loaded.value);
  const waiting = seen?.withdrawals.filter(({ withdrawal }) => lacks(withdrawal)) ?? [];
  const others = seen?.withdrawals.filter(({ withdrawal }) => !lacks(withdrawal)) ?? [];
  if (!seen) return html`<section class="panel">${loaded.error ? html`<${Failed} error=${loaded.error} again=${loaded.again} />` : html`<${Loading} rows=${4} />`}</section>`;
  return html`
    <h2 class="between">${t('waiting')}</h2>
    ${waiting.length ? html`<div class="parts">${waiting.map(each => html`<${One} key=${each.withdrawal.id} of=${each} />`)}</div>`
      : html`<section class="panel"><${Empty} text=${t('waiting.none')} /></section>`}
    <h2 class="between">${t('switches')}</h2>
    <div class="parts">
      <${Sending} because=${seen.stopped_because} />
      <${Books} books=${books} />
      ${settlement.owed !== null && html`<${Failures} />`}
    </div>
    ${others.length > 0 && html`
      <h2 class="between">${t('others')}</h2>
      <div class="parts">${others.map(each => html`<${One} key=${each.withdrawal.id} of=${each} />`)}</div>`}`;
}
