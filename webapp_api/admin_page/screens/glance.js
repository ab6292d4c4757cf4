// Every part of the exchange, those first that somebody should look at.
import { html } from '../../miniapp/lib/html.js';
import { named, number } from '../../miniapp/lib/i18n.js';
import { Facts, Part, State } from '../parts.js';
import { overview } from '../state/overview.js';
import { ago, count, lasting, levels, sol, t } from '../words.js';

/** What each part tells. @type {{[name in PartName]: (all: Overview) => import('preact').ComponentChildren}} */
const PARTS = {
  readiness: ({ readiness, version, at, started_at }) => html`
    ${readiness.reasons.map(each => html`<p key=${each} class="down padded-line">${each}</p>`)}
    <${Facts} facts=${[[t('version'), version], [t('uptime'), lasting((at - started_at) / 1000)]]} />`,
  loop: ({ loop }) => html`<${Facts} facts=${[[t('loop.late'), `${number(String(loop.late_ms))}\u00a0ms`]]} />`,
  writer: ({ writer }) => html`
    <${Facts} facts=${[
      [t('writer.commands'), count(writer.commands)],
      [t('writer.commit'), `${number(String(writer.commit_ms))}\u00a0ms`],
      ...writer.queues.map(({ name, waiting }) => /** @type {const} */ ([named('queue', name), count(waiting)])),
    ]} />`,
  ledger: ({ ledger, at }) => html`
    ${ledger.unbalanced.map(({ asset, amount }) => html`<p key=${asset} class="down padded-line">${t('ledger.unbalanced', { asset, amount: number(amount) })}</p>`)}
    <${Facts} facts=${[
      [t('ledger.checked'), ago(ledger.checked_at && (at - ledger.checked_at) / 1000)],
      [t('ledger.checks'), count(ledger.checks)],
    ]} />`,
  feed: ({ feed }) => feed.markets.length
    ? html`<table><thead><tr><th scope="col">${t('market')}</th><th scope="col">${t('feed.book')}</th><th scope="col">${t('feed.rate')}</th><th scope="col">${t('feed.resyncs')}</th></tr></thead>
      <tbody>${feed.markets.map(each => html`
        <tr key=${each.symbol}><th scope="row">${each.symbol}</th>
          <td>${each.in_sync ? seconds(each.book_age_s) : html`<span class="down">${t('feed.lost')}</span>`}</td>
          <td>${number(String(each.messages_per_s))}</td><td>${count(each.resyncs)}</td></tr>`)}</tbody></table>`
    : html`<p class="soft padded-line">${t('feed.none')}</p>`,
  markets: ({ markets }) => html`
    <table><thead><tr><th scope="col">${t('market')}</th><th scope="col">${t('market.state')}</th></tr></thead>
      <tbody>${markets.markets.map(({ symbol, status }) => html`
        <tr key=${symbol}><th scope="row">${symbol}</th><td><span class=${status === 'trading' ? '' : 'down'}>${t(`market_state.${status}`)}</span></td></tr>`)}</tbody></table>
    <p class="more"><a href="#/markets">${t('screen.markets')}</a></p>`,
  quotes: ({ quotes }) => quotes.markets.length
    ? html`<table><thead><tr><th scope="col">${t('market')}</th><th scope="col">${t('quotes.state')}</th></tr></thead>
      <tbody>${quotes.markets.map(each => html`
        <tr key=${each.symbol}><th scope="row">${each.symbol}</th>
          <td>${each.stops.length ? html`<span class="down">${each.stops.map(stop => named('stop', stop)).join(', ')}</span>` : levels(each)}</td></tr>`)}</tbody></table>
      <p class="more"><a href="#/markets">${t('screen.markets')}</a></p>`
    : html`<p class="soft padded-line">${t('quotes.none')}</p>`,
  withdrawals: ({ withdrawals: { is_stopped, states } }) => html`
    ${is_stopped && html`<p class="down padded-line">${t('withdrawals.stopped')}</p>`}
    <${Facts} facts=${Object.keys(states).length ? Object.entries(states).map(([state, n]) => [named('withdrawal', state), count(n)]) : [[t('withdrawals.under_way'), '0']]} />
    <p class="more"><a href="#/money">${t('screen.money')}</a></p>`,
  settlement: ({ settlement: { is_on, owed, under_way, failed, oldest_owed_s } }) =>
    !is_on ? html`<p class="soft padded-line">${t('settlement.off')}</p>`
    : owed === null ? html`<p class="down padded-line">${t('settlement.away')}</p>`
    : html`
      <${Facts} facts=${[
        [t('settlement.owed'), count(owed)],
        [t('settlement.oldest'), owed ? lasting(oldest_owed_s ?? 0) : '–'],
        [t('settlement.under_way'), count(under_way ?? 0)],
        [t('settlement.failed'), html`<span class=${failed ? 'down' : ''}>${count(failed ?? 0)}</span>`],
      ]} />`,
  books: ({ books: { comparison, age_s, fee_floor_lamports } }) => !comparison ? html`<p class="soft padded-line">${t('books.none')}</p>` : html`
    ${comparison.withdrawals_stopped && html`<p class="down padded-line">${t('books.stopped', { n: comparison.differences.length })}</p>`}
    <${Facts} facts=${[
      [t('books.compared'), ago(age_s)],
      [t('books.fees'), comparison.fee_payer_lamports === null ? '–' : html`<span class=${comparison.fee_payer_is_low ? 'down' : ''}>${sol(comparison.fee_payer_lamports)}</span>`],
      [t('books.floor'), sol(fee_floor_lamports)],
      comparison.surplus.length > 0 && [t('books.surplus'), count(comparison.surplus.length)],
      comparison.frozen.length > 0 && [t('books.frozen'), count(comparison.frozen.length)],
    ]} />
    <p class="more"><a href="#/money">${t('screen.money')}</a></p>`,
  sockets: ({ sockets: { clients, lagging, conflations, dropped } }) => html`
    <${Facts} facts=${[
      [t('sockets.clients'), count(clients)], [t('sockets.lagging'), count(lagging)], [t('sockets.conflations'), count(conflations)],
      ...Object.entries(dropped).map(([reason, n]) => [t('sockets.dropped', { reason: reason.replaceAll('_', ' ') }), count(n)]),
    ]} />`,
  bot: ({ bot }) => bot.notices_waiting === null ? html`<p class="soft padded-line">${t('bot.none')}</p>`
    : html`<${Facts} facts=${[[t('bot.waiting'), count(bot.notices_waiting)]]} />`,
};

/** @param {number | null} age */
const seconds = age => (age === null ? t('never') : `${number(age.toFixed(1))} s`);

export function Glance() {
  const all = overview.value;
  if (!all) return null;
  const names = /** @type {PartName[]} */ (Object.keys(PARTS));
  const unwell = names.filter(name => !all[name].is_well);
  return html`
    <section class="panel verdict-line" role="status">
      <${State} isWell=${!unwell.length} text=${unwell.length ? t('verdict.unwell', { n: unwell.length, all: names.length }) : t('verdict.well')} />
      ${unwell.length > 0 && html`<p class="soft small">${unwell.map(name => t(`part.${name}`)).join(' · ')}</p>`}
    </section>
    <div class="parts flowing">
      ${[...unwell, ...names.filter(name => all[name].is_well)].map(name => html`<${Part} key=${name} name=${name} isWell=${all[name].is_well}>${PARTS[name](all)}<//>`)}
    </div>`;
}
