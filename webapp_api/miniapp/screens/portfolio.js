// What somebody has, what it is worth and how that changed; how money comes; every movement of it; that it is there.
import { useSignal } from '@preact/signals';
import * as api from '../lib/api.js';
import { exact, rescaled, plain, decimalsOf, cut } from '../lib/decimal.js';
import { html } from '../lib/html.js';
import { moment, named, number, t } from '../lib/i18n.js';
import { Icon } from '../parts/icons.js';
import { Change, Choice, Empty, Loading, Transaction } from '../parts/ui.js';
import { balances } from '../state/balances.js';
import { markets, priceOf, tickerOf } from '../state/markets.js';
import { complain } from '../state/notes.js';
import { path, route } from '../state/route.js';
import { account } from '../state/session.js';
import { CURRENCY } from '../state/worth.js';
import { Pages } from '../trade/orders.js';
import { DepositScreen } from './deposit.js';
import { Earnings } from './earnings.js';
import { saveFile } from './file.js';
import { Below, Guest } from './parts.js';
import { Solvency } from './solvency.js';
import { shortAddress } from './wallets.js';
import { WithdrawScreen } from './withdraw.js';
import { Withdrawals } from './withdrawals.js';

const SCALE = 8;

/** What an asset costs now and a day ago, in units of 10 ** -SCALE. @param {string} asset */
function prices(asset) {
  if (asset === CURRENCY) return { now: 10n ** BigInt(SCALE), then: 10n ** BigInt(SCALE), percent: null };
  const market = markets.value?.find(each => each.base === asset && each.quote === CURRENCY);
  const ticker = market && tickerOf(market.symbol).value;
  const price = ticker && priceOf(ticker);
  if (!price) return null;
  const now = exact(cut(price, SCALE), SCALE);
  const then = ticker.open ? exact(cut(ticker.open, SCALE), SCALE) : now;
  return { now, then, percent: ticker.change_percent };
}

/** The value of an amount at a price, in units of 10 ** -SCALE. @param {string} amount @param {bigint} price */
const value = (amount, price) => (rescaled(exact(amount, decimalsOf(amount)), decimalsOf(amount), SCALE) * price) / 10n ** BigInt(SCALE);

/** @param {{balance: Balance}} props */
function Asset({ balance: { asset, total, held } }) {
  const price = prices(asset);
  return html`
    <li><a class="row" href=${path('portfolio', 'deposit', asset)}>
      <span class="coin" data-asset=${asset} aria-hidden="true">${asset.slice(0, 4)}</span>
      <span class="grow"><b>${asset}</b>${asset !== CURRENCY && html`<span class="small"><${Change} percent=${price?.percent} /></span>`}</span>
      <span class="right"><b>${number(total, { trim: true })}</b>
        ${asset !== CURRENCY && html`<span class="soft small">${price ? `≈ ${number(plain(value(total, price.now), SCALE), { most: 2 })} ${CURRENCY}` : t('portfolio.unpriced')}</span>`}
        ${/[1-9]/.test(held) && html`<span class="soft small block">${t('portfolio.held', { amount: number(held, { trim: true }) })}</span>`}</span>
    </a></li>`;
}

function Overview() {
  const found = [...(balances.value?.values() ?? [])].filter(each => /[1-9]/.test(each.total));
  let [now, then] = [0n, 0n];
  for (const { asset, total } of found) {
    const price = prices(asset);
    now += price ? value(total, price.now) : 0n;
    then += price ? value(total, price.then) : 0n;
  }
  const change = now - then;
  const percent = then > 0n ? plain((change * 10_000n) / then, 2) : null;
  const order = [...found].sort((a, b) => Number(value(b.total, prices(b.asset)?.now ?? 0n) - value(a.total, prices(a.asset)?.now ?? 0n)));
  return html`
    <section class="panel worth" aria-label=${t('portfolio.worth')}>
      <p class="soft">${t('portfolio.worth')}</p>
      <p class="figure"><strong data-total>${balances.value ? number(plain(now, SCALE), { most: 2 }) : '–'}</strong> <span class="soft">${CURRENCY}</span></p>
      <p class="small">${percent !== null && html`<${Change} percent=${percent} /> <span class="soft">${t('portfolio.day', { change: number(plain(change, SCALE), { most: 2, sign: true }), currency: CURRENCY })}</span>`}</p>
      <div class="two">
        <a class="button main" href=${path('portfolio', 'deposit', CURRENCY)}><${Icon} name="deposit" />${t('portfolio.deposit')}</a>
        <a class="button" href=${path('portfolio', 'withdraw', CURRENCY)}><${Icon} name="withdraw" />${t('portfolio.withdraw')}</a>
      </div>
    </section>
    <section class="panel" aria-label=${t('portfolio.assets')}>
      <h2>${t('portfolio.assets')}</h2>
      ${!balances.value ? html`<${Loading} rows=${4} />`
      : order.length ? html`<ul class="rows">${order.map(balance => html`<${Asset} key=${balance.asset} balance=${balance} />`)}</ul>`
      : html`<${Empty} text=${t('portfolio.none')} />`}
    </section>
    ${order.length > 0 && html`<${Earnings} />`}
    <nav class="panel" aria-label=${t('portfolio.more')}><ul class="rows">
      <${To} name="deposit" to="deposits" text=${t('portfolio.deposits')} />
      <${To} name="withdraw" to="withdrawals" text=${t('portfolio.withdrawals')} />
      <${To} name="list" to="ledger" text=${t('portfolio.ledger')} />
      <${To} name="file" to="export" text=${t('portfolio.export')} />
      <${To} name="shield" to="solvency" text=${t('portfolio.solvency')} />
    </ul></nav>`;
}

/** @param {{name: import('../parts/icons.js').IconName, to: string, text: string}} props */
const To = ({ name, to, text }) => html`
  <li><a class="row" href=${path('portfolio', to)}><${Icon} name=${name} /><b class="grow">${text}</b><${Icon} name="right" /></a></li>`;

/** What moved in the ledger, by kind of money; between the two kinds it moves at once. @param {LedgerEntry} entry
 * @returns {[TextKey, string][]} */
function moves({ available, held }) {
  const moved = /** @type {[TextKey, string][]} */ ([['ledger.available', available], ['ledger.held', held]]).filter(([, amount]) => /[1-9]/.test(amount));
  const isWithin = available === `-${held}` || held === `-${available}`;
  return isWithin ? [[held.startsWith('-') ? 'ledger.moved_back' : 'ledger.moved', held.replace('-', '')]] : moved;
}

/** @param {LedgerEntry} entry */
const ledgerEntry = entry => html`
  <li class="row" key=${entry.id}>
    <span class="grow"><b>${named('reason', entry.reason)}</b><span class="soft small">${moment(entry.created_at)}${entry.cause ? ` · #${entry.cause}` : ''}</span></span>
    <span class="right">${moves(entry).map(([kind, amount], _, { length }) => html`
      <span class="block" key=${kind}><b class="inline">${number(amount, { trim: true, sign: length > 1 || !kind.includes('moved') })} ${entry.asset}</b>
        <span class="soft small block">${t(kind)}</span></span>`)}</span>
  </li>`;

const Ledger = () => html`
  <section class="panel"><${Pages} path="/api/portfolio/ledger" name="entries" empty=${t('ledger.none')}>${ledgerEntry}<//></section>`;

/** @param {Deposit} deposit */
const deposited = ({ asset, amount, reference, created_at, signature, explorer }) => html`
  <li class="row" key=${reference}>
    <span class="coin" data-asset=${asset} aria-hidden="true">${asset.slice(0, 4)}</span>
    <span class="grow"><b>+${number(amount, { trim: true })} ${asset}</b><span class="soft small block">${moment(created_at)}${signature && ` · ${shortAddress(signature)}`}</span></span>
    <${Transaction} signature=${signature} explorer=${explorer} />
  </li>`;

const Deposits = () => html`
  <section class="panel"><${Pages} path="/api/portfolio/deposits" name="deposits" empty=${t('deposits.none')}>${deposited}<//></section>`;

function Export() {
  const busy = useSignal(false);
  const what = useSignal(/** @type {'orders' | 'trades'} */ ('trades'));
  const save = async () => {
    busy.value = true;
    try {
      await saveFile(await (await api.ask('GET', `/api/trading/${what.value}?format=csv`)).text(), `clobster-${what.value}.csv`, 'text/csv');
    } catch (error) {
      complain(error);
    }
    busy.value = false;
  };
  return html`
    <section class="panel padded stack">
      <${Choice} kind="switch" label=${t('export.what')} value=${what.value} onPick=${(/** @type {'orders'} */ picked) => (what.value = picked)}
        options=${[['trades', t('export.trades')], ['orders', t('export.orders')]]} />
      <p class="soft small">${t('export.about')}</p>
      <button type="button" class="button main" disabled=${busy.value} onClick=${save}>${t('export.save')}</button>
    </section>`;
}

const BELOW = {
  deposit: { title: 'portfolio.deposit', Part: DepositScreen },
  withdraw: { title: 'portfolio.withdraw', Part: WithdrawScreen },
  withdrawals: { title: 'portfolio.withdrawals', Part: Withdrawals },
  deposits: { title: 'portfolio.deposits', Part: Deposits },
  ledger: { title: 'portfolio.ledger', Part: Ledger },
  export: { title: 'portfolio.export', Part: Export },
  solvency: { title: 'portfolio.solvency', Part: Solvency },
};

export function Portfolio() {
  const below = BELOW[/** @type {keyof typeof BELOW} */ (route.value.rest[0] ?? '')];
  if (account.value === undefined) return html`<${Loading} rows=${6} />`;
  if (!account.value) return html`<${Guest} title=${t('nav.portfolio')} text=${t('portfolio.guest')} />`;
  if (below) return html`<${Below} title=${t(/** @type {TextKey} */ (below.title))}><${below.Part} /><//>`;
  return html`
    <div class="narrow stack"><div class="title"><h1>${t('nav.portfolio')}</h1></div><${Overview} /></div>`;
}
