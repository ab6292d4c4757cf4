// What portfolio and account have in common.
import { html } from '../lib/html.js';
import { t } from '../lib/i18n.js';
import { launch } from '../lib/telegram.js';
import { Icon } from '../parts/icons.js';
import { Empty } from '../parts/ui.js';
import { back, path } from '../state/route.js';

/** A screen below another; in Telegram its back button is Telegram's.
 * @param {{title: string, children: import('preact').ComponentChildren}} props */
export const Below = ({ title, children }) => html`
  <div class="narrow stack">
    <div class="title">
      ${!launch.inTelegram && html`<button type="button" class="icon-button" aria-label=${t('back')} onClick=${back}><${Icon} name="back" /></button>`}
      <h1>${title}</h1></div>
    ${children}
  </div>`;

/** @param {{title: string, text: string}} props */
export const Guest = ({ title, text }) => html`
  <div class="narrow stack">
    <div class="title"><h1>${title}</h1></div>
    <section class="panel"><${Empty} text=${text} action=${html`<a class="button main" href=${path('account')}>${t('sign_in')}</a>`} /></section>
  </div>`;
