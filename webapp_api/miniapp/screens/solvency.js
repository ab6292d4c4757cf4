// That one's money is counted in what the exchange owes, and that so much lies on the chain. Hashed here, not believed.
import * as api from '../lib/api.js';
import { exact, plain } from '../lib/decimal.js';
import { html } from '../lib/html.js';
import { moment, number, t } from '../lib/i18n.js';
import { Forged, verifyAll } from '../lib/solvency.js';
import { openLink } from '../lib/telegram.js';
import { Icon } from '../parts/icons.js';
import { Copy, Failed, Loading, useLoaded } from '../parts/ui.js';
import { complain } from '../state/notes.js';
import { account } from '../state/session.js';
import { saveFile } from './file.js';
import { shortAddress } from './wallets.js';

/** @typedef {{published: SolvencySnapshot, mine: SolvencyProof, why: Forged | null}} Checked why a proof shows nothing */

/** Get the newest snapshot and the account's proof in it, and check them. @returns {Promise<Checked>} */
async function check() {
  const published = await api.get('/api/solvency');
  const mine = await api.get(`/api/portfolio/solvency-proof${api.query({ snapshot_id: published.snapshot_id })}`);
  try {
    if (mine.account_id !== account.peek()?.id) throw new Forged('another_account');
    await verifyAll(mine, published);
  } catch (error) {
    if (!(error instanceof Forged)) throw error;
    return { published, mine, why: error };
  }
  return { published, mine, why: null };
}

/** How much is missing on the chain, at least 0, in smallest units; what is being paid out may have left already.
 * @param {SolventAsset} asset */
function missing({ decimals, liabilities_atoms, on_chain, withdrawals_under_way }) {
  const gap = BigInt(liabilities_atoms) - exact(on_chain, decimals);
  return { gap: gap > 0n ? gap : 0n, isLeaving: gap <= exact(withdrawals_under_way, decimals) };
}

/** @param {{asset: SolventAsset}} props */
function Verdict({ asset }) {
  const { gap, isLeaving } = missing(asset);
  if (!gap) return html`<b class="up" data-verdict="covered">✓ ${t('solvency.covered')}</b>`;
  const [verdict, way, text] = isLeaving ? ['leaving', 'warned', t('solvency.leaving')] : ['short', 'down', t('solvency.short')];
  return html`
    <b class=${way} data-verdict=${verdict}>${text}</b>
    <span class="soft small block">−${number(plain(gap, asset.decimals), { trim: true })} ${asset.asset}</span>`;
}

/** An asset's numbers: those of the check where they were checked, not what is written beside them.
 * @param {{asset: SolventAsset, atoms: string | undefined}} props */
function Solvent({ asset, atoms }) {
  const { asset: code, decimals, liabilities_atoms, vault, deposit_accounts, root, mint } = asset;
  /** @param {string} amount */
  const shown = amount => `${number(amount, { trim: true })} ${code}`;
  return html`
    <section class="panel padded stack" aria-label=${code} data-asset=${code}>
      <header class="verdict"><span class="coin" data-asset=${code} aria-hidden="true">${code.slice(0, 4)}</span><h2>${code}</h2>
        <span class="right"><${Verdict} asset=${asset} /></span></header>
      <dl class="facts">
        <div><dt>${t('solvency.yours')}</dt><dd data-mine>${atoms ? html`<span class="up">✓ </span>${shown(plain(BigInt(atoms), decimals))}` : t('solvency.nothing')}</dd></div>
        <div><dt>${t('solvency.owed')}</dt><dd>${shown(plain(BigInt(liabilities_atoms), decimals))}</dd></div>
        <div><dt>${t('solvency.vault')}</dt><dd>${mint ? shown(vault.amount) : t('solvency.no_chain')}</dd></div>
        ${/[1-9]/.test(deposit_accounts.amount) && html`<div><dt>${t('solvency.deposits')}</dt><dd>${shown(deposit_accounts.amount)}</dd></div>`}
        ${vault.slot !== null && html`<div><dt>${t('solvency.slot')}</dt><dd>${number(String(vault.slot))}</dd></div>`}
        ${root && html`<div><dt>${t('solvency.root')}</dt><dd class="with-button mono">${shortAddress(root)}<${Copy} text=${root} label=${t('solvency.copy_root', { asset: code })} /></dd></div>`}
      </dl>
    </section>`;
}

/** What came of the check, in a word. @param {{checked: Checked, again: () => void}} props */
function Outcome({ checked: { published, mine, why }, again }) {
  const when = html`<p class="soft small">${t('solvency.snapshot', { id: published.snapshot_id, when: moment(published.taken_at) })}</p>`;
  const retry = html`<button type="button" class="button wide" onClick=${again}>${t('solvency.again')}</button>`;
  if (why !== null) {
    return html`
      <section class="panel padded stack forged" role="alert" data-proof="forged">
        <h2 class="down with-icon"><${Icon} name="close" />${t('solvency.forged')}</h2>${when}
        <p>${t('solvency.forged_about')}</p><p class="small">${t(`forged.${why.code}`, { asset: why.asset })}</p>
        <p class="small">${t('solvency.forged_do')}</p>${retry}</section>`;
  }
  const short = published.assets.filter(asset => missing(asset).gap && !missing(asset).isLeaving).map(each => each.asset);
  const isIn = mine.proofs.length > 0;
  return html`
    <section class="panel padded stack" role="status" data-proof=${isIn ? 'good' : 'none'}>
      <h2 class=${isIn ? 'up with-icon' : 'with-icon'}><${Icon} name=${isIn ? 'shield' : 'clock'} />${isIn ? t('solvency.counted') : t('solvency.new')}</h2>${when}
      <p class="small">${isIn ? t('solvency.counted_about') : t('solvency.new_about')}</p>
      ${short.length > 0 && html`<p class="down" data-short>${t('solvency.some_short', { assets: short.join(', ') })}</p>`}
      ${retry}</section>`;
}

/** @param {{checked: Checked}} props */
function Yourself({ checked: { published, mine } }) {
  const files = Object.entries({ 'proof.json': mine, 'solvency.json': published });
  return html`
    <section class="panel padded stack"><h2>${t('solvency.yourself')}</h2>
      <p class="small">${t('solvency.yourself_about')}</p>
      <p class="mono small">clobster verify-solvency proof.json solvency.json</p>
      <div class="two">${files.map(([name, answer]) => html`
        <button type="button" key=${name} class="button" onClick=${() => saveFile(JSON.stringify(answer), name, 'application/json').catch(complain)}>${name}</button>`)}</div>
      ${published.explorer && html`
        <button type="button" class="button wide" onClick=${() => openLink(published.explorer ?? '')}><${Icon} name="out" />${t('solvency.explorer')}</button>`}
      <p class="soft small">${t('solvency.limits')}</p>
    </section>`;
}

export function Solvency() {
  const { value, error, again } = useLoaded(check, []);
  if (error) return html`<section class="panel"><${Failed} error=${error} again=${again} /></section>`;
  if (!value) return html`<section class="panel"><${Loading} rows=${6} /></section>`;
  const mine = new Map(value.mine.proofs.map(({ asset, atoms }) => [asset, atoms]));
  return html`
    <${Outcome} checked=${value} again=${again} />
    ${value.why === null && [...value.published.assets].sort((a, b) => Number(mine.has(b.asset)) - Number(mine.has(a.asset))).map(asset => html`
      <${Solvent} key=${asset.asset} asset=${asset} atoms=${mine.get(asset.asset)} />`)}
    <${Yourself} checked=${value} />`;
}
