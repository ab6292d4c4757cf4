// What the screens of this page are made of.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { html } from '../miniapp/lib/html.js';
import { said } from '../miniapp/lib/i18n.js';
import { Confirm } from '../miniapp/parts/ui.js';
import { note } from '../miniapp/state/notes.js';
import { look } from './state/overview.js';
import { t } from './words.js';

/** @typedef {import('preact').ComponentChildren} Children */

/** A part of the exchange: what it is called, whether somebody should look at it, and its figures.
 * @param {{name: string, isWell: boolean, children: Children}} props */
export const Part = ({ name, isWell, children }) => html`
  <section class="panel part" data-part=${name} data-well=${isWell ? 'yes' : 'no'}>
    <h2>${t(/** @type {import('./words.js').AdminKey} */ (`part.${name}`))}<${State} isWell=${isWell} /></h2>
    ${children}
  </section>`;

/** A mark, a word and a colour say the same. @param {{isWell: boolean, text?: string}} props */
export const State = ({ isWell, text }) => html`
  <span class=${isWell ? 'state up' : 'state down'}><span aria-hidden="true">${isWell ? '✓' : '!'}</span>${text ?? t(isWell ? 'well' : 'unwell')}</span>`;

/** @param {{facts: (readonly [string, Children] | false)[]}} props */
export const Facts = ({ facts }) => html`
  <dl class="facts">${facts.filter(each => !!each).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

/**
 * A button that asks before it acts. Where wantsReason is given the act needs one.
 * @param {{label: string, title: string, about: string, tone?: string, kind?: string, wantsReason?: boolean, done: string,
 *   act: (reason: string) => Promise<unknown>}} props
 */
export function Act({ label, title, about, tone = '', kind = '', wantsReason = false, done, act }) {
  const button = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const isAsking = useSignal(false);
  const reason = useSignal('');
  const isWrong = useSignal(false);
  const refusal = useSignal(/** @type {unknown} */ (null));
  const close = () => {
    isAsking.value = isWrong.value = false;
    reason.value = '';
    refusal.value = null;
  };
  useEffect(() => { // as a dialog that goes with its elements gives the focus to nobody
    if (!isAsking.value) return;
    return () => button.current?.focus();
  }, [isAsking.value]);
  const yes = async () => {
    const given = reason.value.trim();
    if (wantsReason && !given) return void (isWrong.value = true);
    try {
      await act(given);
      note(done, 'good');
      close();
      await look();
    } catch (error) {
      refusal.value = error; // what is shown stays until it has been read
    }
  };
  return html`
    <button ref=${button} type="button" class="button small ${kind}" aria-label=${title} onClick=${() => (isAsking.value = true)}>${label}</button>
    ${isAsking.value && html`
      <${Confirm} title=${title} yes=${label} tone=${tone} onYes=${yes} onClose=${close}>
        <p>${about}</p>
        ${wantsReason && html`
          <div class=${isWrong.value ? 'field wrong' : 'field'}><label for="reason">${t('reason')}</label>
            <div class="input"><input id="reason" autofocus maxlength="200" autocomplete="off" aria-invalid=${isWrong.value} aria-describedby="reason-word"
              value=${reason.value} onInput=${(/** @type {any} */ { target }) => (reason.value = target.value)} /></div>
            <p id="reason-word" class=${isWrong.value ? 'wrong-word' : 'hint'}>${t(isWrong.value ? 'reason.needed' : 'reason.about')}</p></div>`}
        ${refusal.value && html`<p class="down" role="alert">${said(refusal.value)}</p>`}
      <//>`}`;
}
