// What every screen is made of.
import { Component } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { direction } from '../lib/decimal.js';
import { html } from '../lib/html.js';
import { number, said, t } from '../lib/i18n.js';
import { haptic, openLink } from '../lib/telegram.js';
import { note } from '../state/notes.js';
import { Icon } from './icons.js';

/** @typedef {import('preact').ComponentChildren} Children */

/** One of several, as a row of buttons. @template {string} T
 * @param {{label: string, options: readonly (readonly [T, Children])[], value: T, onPick: (value: T) => void, kind?: string}} props */
export const Choice = ({ label, options, value, onPick, kind = 'tabs' }) => html`
  <div class=${kind} role="group" aria-label=${label}>
    ${options.map(([each, text]) => html`
      <button type="button" key=${each} aria-pressed=${each === value} data-value=${each}
        onClick=${() => (haptic('select'), onPick(each))}>${text}</button>`)}
  </div>`;

/** @param {{text: Children, action?: Children}} props */
export const Empty = ({ text, action }) => html`<div class="empty"><p>${text}</p>${action}</div>`;

/** @param {{rows?: number}} props */
export const Loading = ({ rows = 3 }) => html`
  <div class="loading" role="status" aria-label=${t('loading')}>${Array.from({ length: rows }, (_, i) => html`<i key=${i} />`)}</div>`;

/** @param {{error: unknown, again?: () => void}} props */
export const Failed = ({ error, again }) => html`
  <div class="empty" role="alert"><p>${said(error)}</p>
    ${again && html`<button type="button" class="button small" onClick=${again}>${t('again')}</button>`}</div>`;

/** A list that comes from elsewhere: what it is while it loads, when it failed, when there is nothing.
 * @template T @param {{loaded: Loaded<T[]>, empty: Children, rows?: number, children: (items: T[]) => Children}} props */
export const Listed = ({ loaded, empty, rows, children }) =>
  loaded.error && !loaded.value ? html`<${Failed} error=${loaded.error} again=${loaded.again} />`
  : !loaded.value ? html`<${Loading} rows=${rows} />`
  : loaded.value.length ? children(loaded.value)
  : html`<${Empty} text=${empty} />`;

/** @template T @typedef {{value: T | null, error: unknown, again: () => void}} Loaded */

/** Load something when a part is shown and whenever a key changes. What was loaded stays until the next has come.
 * @template T @param {() => Promise<T>} load @param {unknown[]} keys @returns {Loaded<T>} */
export function useLoaded(load, keys) {
  const [state, set] = useState(/** @type {{value: T | null, error: unknown}} */ ({ value: null, error: null }));
  const [tries, again] = useState(0);
  useEffect(() => {
    let wanted = true;
    load().then(
      value => wanted && set({ value, error: null }),
      error => wanted && set(({ value }) => ({ value, error })),
    );
    return () => {
      wanted = false;
    };
  }, [...keys, tries]);
  return { ...state, again: () => again(tries + 1) };
}

/** A sheet over the page, which closes by Escape and by a tap beside it.
 * @param {{title: string, onClose: () => void, children: Children}} props */
export function Sheet({ title, onClose, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const { current } = dialog;
    current?.showModal();
    return () => current?.close();
  }, []);
  return html`
    <dialog ref=${dialog} class="sheet" aria-label=${title} onCancel=${(/** @type {Event} */ event) => (event.preventDefault(), onClose())}
      onClick=${(/** @type {MouseEvent} */ event) => event.target === dialog.current && onClose()}>
      <div class="inside">
        <header><h2>${title}</h2>
          <button type="button" class="icon-button" aria-label=${t('close')} onClick=${onClose}><${Icon} name="close" /></button></header>
        ${children}
      </div>
    </dialog>`;
}

/** A sheet that asks before something is done.
 * @param {{title: string, yes: string, tone?: string, onYes: () => void | Promise<void>, onClose: () => void, children?: Children}} props */
export function Confirm({ title, yes, tone = '', onYes, onClose, children }) {
  const [busy, set] = useState(false);
  const act = async () => {
    if (busy) return;
    set(true);
    try {
      await onYes();
    } finally {
      set(false);
    }
  };
  return html`
    <${Sheet} title=${title} onClose=${onClose}>
      ${children}
      <div class="two">
        <button type="button" class="button" onClick=${onClose}>${t('no')}</button>
        <button type="button" class="button main ${tone}" disabled=${busy} onClick=${act}>${yes}</button>
      </div>
    <//>`;
}

/** @param {{text: string, label: string}} props */
export const Copy = ({ text, label }) => html`
  <button type="button" class="icon-button" aria-label=${label} onClick=${() => copy(text)}><${Icon} name="copy" /></button>`;

/** @param {string} text */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    note(t('copied'), 'good');
  } catch {
    note(t('error.copy'), 'bad');
  }
}

/** Where a transaction can be looked at; else its signature, to be copied.
 * @param {{signature: string | null, explorer: string | null | undefined}} props */
export const Transaction = ({ signature, explorer }) =>
  !signature ? null
  : explorer ? html`<button type="button" class="icon-button" aria-label=${t('trades.explorer')} onClick=${() => openLink(explorer)}><${Icon} name="out" /></button>`
  : html`<${Copy} text=${signature} label=${t('trades.copy_signature')} />`;

/** A change in percent: an arrow, a sign and a colour say the same. @param {{percent: string | null | undefined}} props */
export const Change = ({ percent }) => {
  if (!percent) return html`<span class="soft">–</span>`;
  const shown = number(percent, { most: 2, sign: true });
  const way = direction(percent);
  const arrow = { flat: '', down: '▼\u2009', up: '▲\u2009' }[way];
  return html`<span class=${way}>${arrow}${shown}\u2009%</span>`;
};

/** What fails below it does not take the rest of the page along. @extends {Component<{children?: Children}, {error: unknown}>} */
export class Fence extends Component {
  /** @override */
  componentDidCatch(/** @type {unknown} */ error) {
    console.error(error);
    this.setState({ error });
  }

  /** @override */
  render() {
    const { error } = this.state;
    return error ? html`<${Failed} error=${null} again=${() => this.setState({ error: null })} />` : this.props.children;
  }
}
