// Wallets that open an account: those of this browser, and those in another app by a link.
import { useSignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { connect, sign, watch } from 'clobster/wallets';
import * as api from '../lib/api.js';
import { html } from '../lib/html.js';
import { moment, said, t } from '../lib/i18n.js';
import { follow } from '../lib/stream.js';
import { launch, openLink } from '../lib/telegram.js';
import { Confirm, copy, Empty, Listed, useLoaded } from '../parts/ui.js';
import { complain, note } from '../state/notes.js';
import { byWallet } from '../state/session.js';

/** @typedef {import('clobster/wallets').Wallet} Wallet */

/** @param {string} address */
export const shortAddress = address => (address.length > 14 ? `${address.slice(0, 5)}…${address.slice(-5)}` : address);

/** A wallet says no in its own words. @param {any} error */
const tell = error =>
  error?.code === 4001 || /reject|denied|cancel/i.test(error?.message ?? '') ? note(t('wallet.declined'), 'bad')
  : error instanceof api.Refusal || error instanceof api.NoAnswer ? complain(error)
  : note(error?.message || said(null), 'bad');

export function useWallets() {
  const [wallets, set] = useState(/** @type {Wallet[]} */ ([]));
  useEffect(() => void watch(set), []);
  return wallets;
}

/** @param {{wallets: Wallet[], onPick: (wallet: Wallet) => Promise<unknown>}} props */
export function Pick({ wallets, onPick }) {
  const busy = useSignal('');
  /** @param {Wallet} wallet */
  const pick = async wallet => {
    if (busy.value) return;
    busy.value = wallet.name;
    await onPick(wallet).catch(tell);
    busy.value = '';
  };
  return html`
    <ul class="stack">${wallets.map(wallet => html`
      <li key=${wallet.name}><button type="button" class="button wide" disabled=${!!busy.value} onClick=${() => pick(wallet)}>
        ${busy.value === wallet.name ? t('wallet.look', { name: wallet.name }) : wallet.name}</button></li>`)}</ul>`;
}

/** Sign in with a wallet of this browser. */
export function WalletSignIn() {
  const wallets = useWallets();
  /** @param {Wallet} wallet */
  const enter = async wallet => {
    const account = await connect(wallet);
    await byWallet({ address: account.address, sign: message => sign(wallet, account, message) });
  };
  return html`
    <section class="panel padded stack"><p><b>${t('wallet.sign_in')}</b><br /><span class="soft small">${t(wallets.length ? 'wallet.sign_in_about' : 'wallet.none_here')}</span></p>
      <${Pick} wallets=${wallets} onPick=${enter} /></section>`;
}

/** The account's wallets, and how one is added. */
export function Wallets() {
  const loaded = useLoaded(async () => (await api.get('/api/account/wallets')).wallets, []);
  const wallets = useWallets();
  const unlinking = useSignal(/** @type {string | null} */ (null));
  const done = () => {
    note(t('wallet.linked'), 'good');
    loaded.again();
  };
  /** @param {Wallet} wallet */
  const link = async wallet => {
    const account = await connect(wallet);
    const { message } = await api.post('/api/auth/solana/challenge', { address: account.address });
    await api.post('/api/account/wallets', { address: account.address, message, signature: await sign(wallet, account, message) });
    done();
  };
  const unlink = async () => {
    await api.remove(`/api/account/wallets/${unlinking.value}`).then(loaded.again, complain);
    unlinking.value = null;
  };
  return html`
    <section class="panel"><${Listed} loaded=${loaded} empty=${t('wallet.none')} rows=${2}>${(/** @type {LinkedWallet[]} */ all) => html`
      <ul class="rows">${all.map(({ address, created_at }) => html`
        <li class="row" key=${address}><span class="grow"><span class="mono">${shortAddress(address)}</span><span class="soft small block">${moment(created_at)}</span></span>
          <button type="button" class="button small" onClick=${() => (unlinking.value = address)}>${t('wallet.unlink')}</button></li>`)}</ul>`}<//></section>
    ${wallets.length > 0 && html`<section class="panel padded stack"><p><b>${t('wallet.link_here')}</b></p><${Pick} wallets=${wallets} onPick=${link} /></section>`}
    <${Elsewhere} onLinked=${done} />
    ${unlinking.value && html`
      <${Confirm} title=${t('wallet.unlink_ask')} yes=${t('wallet.unlink')} tone="danger" onYes=${unlink} onClose=${() => (unlinking.value = null)}>
        <p class="mono">${unlinking.value}</p><p>${t('wallet.unlink_about')}</p><//>`}`;
}

/** Link a wallet that lives in another app: its page signs, and here one says yes. @param {{onLinked: () => void}} props */
function Elsewhere({ onLinked }) {
  const link = useSignal(/** @type {NewWalletLink | null} */ (null));
  const signed = useSignal(/** @type {string | null} */ (null));
  useEffect(() => {
    const asked = link.value;
    if (!asked) return;
    const look = () => api.get(`/api/account/wallet-links/${asked.id}`).then((/** @type {WalletLink} */ told) => {
      if (told.state === 'signed') signed.value = told.address;
    }, complain);
    return follow('user:account', ({ data }) => {
      if (data.some((/** @type {Activity} */ each) => each.kind === 'wallet_signed')) look();
    });
  }, [link.value]);
  const ask = async () => {
    link.value = await api.post('/api/account/wallet-links').catch(error => (complain(error), null));
  };
  const confirm = async () => {
    try {
      await api.post(`/api/account/wallet-links/${link.value?.id}/confirm`);
      onLinked();
    } catch (error) {
      complain(error);
    }
    link.value = signed.value = null;
  };
  const asked = link.value;
  return html`
    <section class="panel padded stack"><p><b>${t('wallet.elsewhere')}</b><br /><span class="soft small">${t('wallet.elsewhere_about')}</span></p>
      ${!asked ? html`<button type="button" class="button wide" onClick=${ask}>${t('wallet.elsewhere_begin')}</button>` : html`
        <div class="two"><button type="button" class="button" onClick=${() => openLink(asked.phantom_url)}>Phantom</button>
          <button type="button" class="button" onClick=${() => openLink(asked.solflare_url)}>Solflare</button></div>
        <button type="button" class="button wide" onClick=${() => (launch.inTelegram ? openLink(asked.url) : copy(asked.url))}>${t(launch.inTelegram ? 'wallet.browser' : 'wallet.copy_link')}</button>
        <${Empty} text=${t('wallet.waiting')} />`}
      ${signed.value && html`
        <${Confirm} title=${t('wallet.confirm')} yes=${t('wallet.confirm_yes')} onYes=${confirm} onClose=${() => (signed.value = null)}>
          <p class="mono">${signed.value}</p><p>${t('wallet.confirm_about')}</p><//>`}
    </section>`;
}
