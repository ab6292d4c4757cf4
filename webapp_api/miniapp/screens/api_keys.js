// Programs that act for the account: made here, their secret shown once, ended at any time.
import { useSignal } from '@preact/signals';
import * as api from '../lib/api.js';
import { html } from '../lib/html.js';
import { moment, said, t } from '../lib/i18n.js';
import { Confirm, copy, Listed, Sheet, useLoaded } from '../parts/ui.js';
import { complain } from '../state/notes.js';
import { shortAddress } from './wallets.js';

const SCOPES = /** @type {const} */ (['read', 'trade']);

export function ApiKeys() {
  const loaded = useLoaded(async () => (await api.get('/api/account/api-keys')).api_keys, []);
  const making = useSignal(false);
  const made = useSignal(/** @type {NewApiKey | null} */ (null));
  const ending = useSignal(/** @type {ApiKey | null} */ (null));
  const end = async () => {
    await api.remove(`/api/account/api-keys/${ending.value?.api_key}`).then(loaded.again, complain);
    ending.value = null;
  };
  return html`
    <section class="panel"><${Listed} loaded=${loaded} empty=${t('keys.none')}>${(/** @type {ApiKey[]} */ all) => html`
      <ul class="rows">${all.map(key => html`
        <li class="row" key=${key.api_key}><span class="grow"><b>${key.name}</b><span class="soft mono block">${shortAddress(key.api_key)}</span>
          <span class="soft small block">${key.scopes.map(each => t(/** @type {TextKey} */ (`scope.${each}`))).join(', ')} · ${key.last_used_at ? t('keys.used', { when: moment(key.last_used_at) }) : t('keys.unused')}</span></span>
          <button type="button" class="button small" onClick=${() => (ending.value = key)}>${t('keys.end')}</button></li>`)}</ul>`}<//></section>
    <button type="button" class="button main wide" onClick=${() => (making.value = true)}>${t('keys.make')}</button>
    ${making.value && html`<${Make} onClose=${() => (making.value = false)} onMade=${(/** @type {NewApiKey} */ key) => {
      making.value = false;
      made.value = key;
      loaded.again();
    }} />`}
    ${made.value && html`<${Made} made=${made.value} onClose=${() => (made.value = null)} />`}
    ${ending.value && html`<${Confirm} title=${t('keys.end_ask', { name: ending.value.name })} yes=${t('keys.end')} tone="danger" onYes=${end} onClose=${() => (ending.value = null)}><p>${t('keys.end_about')}</p><//>`}`;
}

/** @param {{onClose: () => void, onMade: (key: NewApiKey) => void}} props */
function Make({ onClose, onMade }) {
  const [name, addresses, problem, busy] = [useSignal(''), useSignal(''), useSignal(''), useSignal(false)];
  const scopes = useSignal(new Set(/** @type {string[]} */ (['read'])));
  /** @param {string} scope */
  const toggle = scope => {
    const now = new Set(scopes.value);
    if (!now.delete(scope)) now.add(scope);
    scopes.value = now;
  };
  const make = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    try {
      onMade(await api.post('/api/account/api-keys', {
        name: name.value.trim(), scopes: [...scopes.value], addresses: addresses.value.split(/[\s,;]+/).filter(Boolean),
      }));
    } catch (error) {
      problem.value = said(error);
    }
    busy.value = false;
  };
  return html`
    <${Sheet} title=${t('keys.make')} onClose=${onClose}>
      <form class="stack" onSubmit=${make}>
        <div class="field"><label for="key-name">${t('keys.name')}</label><div class="input"><input id="key-name" required maxlength="64" autocomplete="off" value=${name.value}
          onInput=${(/** @type {any} */ event) => (name.value = event.target.value)} /></div></div>
        <fieldset class="checks"><legend class="soft small">${t('keys.scopes')}</legend>
          ${SCOPES.map(scope => html`<label key=${scope}><input type="checkbox" checked=${scopes.value.has(scope)} onChange=${() => toggle(scope)} />${t(`scope.${scope}`)}</label>`)}</fieldset>
        <div class="field"><label for="key-addresses">${t('keys.addresses')}</label><div class="input"><input id="key-addresses" autocomplete="off" spellcheck=${false}
          value=${addresses.value} onInput=${(/** @type {any} */ event) => (addresses.value = event.target.value)} /></div></div>
        ${problem.value && html`<p class="wrong-word" role="alert">${problem.value}</p>`}
        <button class="button main wide" disabled=${busy.value || !scopes.value.size}>${t('keys.make')}</button>
      </form><//>`;
}

/** @param {{made: NewApiKey, onClose: () => void}} props */
const Made = ({ made, onClose }) => html`
  <${Sheet} title=${t('keys.made')} onClose=${onClose}>
    <p>${t('keys.once')}</p>
    ${[[t('keys.key'), made.api_key], [t('keys.secret'), made.secret ?? '']].map(([label, text = '']) => html`
      <div key=${label}><p class="soft small">${label}</p><p class="mono">${text}</p>
        <button type="button" class="button wide" onClick=${() => copy(text)}>${t('keys.copy', { what: label ?? '' })}</button></div>`)}
  <//>`;
