// Of what the bot tells, and how loudly: of each kind on, silent or off.
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import * as api from '../lib/api.js';
import { html } from '../lib/html.js';
import { named, t } from '../lib/i18n.js';
import { Choice, Failed, Loading, useLoaded } from '../parts/ui.js';
import { complain } from '../state/notes.js';
import { account } from '../state/session.js';

/** @typedef {'on' | 'silent' | 'off'} Level */

const PATH = '/api/account/notifications';

export function Notifications() {
  const { value, error, again } = useLoaded(async () => /** @type {Record<string, Level>} */ ((await api.get(PATH)).notifications), []);
  const picked = useSignal(/** @type {Record<string, Level>} */ ({})); // here, shown at once
  const sent = useRef(Promise.resolve()); // one after the other, so that the last one counts
  /** @param {string} kind @param {Level} level */
  const pick = (kind, level) => {
    picked.value = { ...picked.value, [kind]: level };
    sent.current = sent.current.then(() => api.put(PATH, { notifications: { [kind]: level } })).catch(problem => {
      complain(problem);
      picked.value = {};
      again();
    });
  };
  if (error && !value) return html`<section class="panel"><${Failed} error=${error} again=${again} /></section>`;
  if (!value) return html`<section class="panel"><${Loading} rows=${7} /></section>`;
  return html`
    <section class="panel padded stack">
      <p class="soft small">${t(account.value?.telegram_id ? 'notifications.about' : 'notifications.no_telegram')}</p>
      ${Object.entries({ ...value, ...picked.value }).map(([kind, level]) => html`
        <div class="field" key=${kind}><span class="label">${named('notify', kind)}</span>
          <${Choice} kind="switch" label=${named('notify', kind)} value=${level} onPick=${(/** @type {Level} */ wanted) => pick(kind, wanted)}
            options=${[['on', t('level.on')], ['silent', t('level.silent')], ['off', t('level.off')]]} /></div>`)}
    </section>`;
}
