// Who is signed in and how, from where, by which programs; what the bot tells; language and colours.
import { useSignal } from '@preact/signals';
import * as api from '../lib/api.js';
import { html } from '../lib/html.js';
import { choose, has, language, LANGUAGES, moment, named, t } from '../lib/i18n.js';
import { launch } from '../lib/telegram.js';
import { choice, chooseTheme } from '../lib/theme.js';
import { Icon } from '../parts/icons.js';
import { Choice, Confirm, Listed, Loading, useLoaded } from '../parts/ui.js';
import { complain, note } from '../state/notes.js';
import { path, route } from '../state/route.js';
import { account, asDemo, isDemo, leave } from '../state/session.js';
import { ApiKeys } from './api_keys.js';
import { Notifications } from './notifications.js';
import { Below } from './parts.js';
import { shortAddress, WalletSignIn, Wallets } from './wallets.js';

/** @param {{name: import('../parts/icons.js').IconName, to: string, text: string}} props */
const Link = ({ name, to, text }) => html`
  <li><a class="row" href=${path('account', to)}><${Icon} name=${name} /><b class="grow">${text}</b><${Icon} name="right" /></a></li>`;

function Settings() {
  return html`
    <section class="panel padded stack" aria-label=${t('settings')}>
      <div class="field"><span class="label">${t('settings.language')}</span>
        <${Choice} kind="switch" label=${t('settings.language')} value=${language.value} onPick=${choose} options=${Object.entries(LANGUAGES)} /></div>
      <div class="field"><span class="label">${t('settings.theme')}</span>
        <${Choice} kind="switch" label=${t('settings.theme')} value=${choice.value} onPick=${chooseTheme}
          options=${[['auto', t(launch.inTelegram ? 'theme.telegram' : 'theme.system')], ['light', t('theme.light')], ['dark', t('theme.dark')]]} /></div>
    </section>`;
}

function SignIn() {
  const busy = useSignal(false);
  const demo = async () => {
    busy.value = true;
    await asDemo().catch(complain);
    busy.value = false;
  };
  if (launch.inTelegram) return html`<section class="panel padded"><p>${t('sign_in.reopen')}</p></section>`;
  return html`
    <${WalletSignIn} />
    ${isDemo && html`
      <section class="panel padded stack"><p><b>${t('demo.person')}</b><br /><span class="soft small">${t('demo.person_about')}</span></p>
        <button type="button" class="button wide" disabled=${busy.value} onClick=${demo}>${t('demo.sign_in')}</button></section>`}`;
}

function Sessions() {
  const loaded = useLoaded(async () => (await api.get('/api/auth/sessions')).sessions, []);
  const asking = useSignal(false);
  /** @param {() => Promise<unknown>} act @param {string} said */
  const act = async (act, said) => {
    try {
      await act();
      note(said, 'good');
      loaded.again();
    } catch (error) {
      complain(error);
    }
    asking.value = false;
  };
  return html`
    <section class="panel"><${Listed} loaded=${loaded} empty=${t('sessions.none')}>${(/** @type {Session[]} */ all) => html`
      <ul class="rows">${all.map(each => html`
        <li class="row" key=${each.id}><${Icon} name="devices" />
          <span class="grow"><b>${program(each.user_agent)}</b><span class="soft small block">${each.address} · ${moment(each.refreshed_at)}</span>
            <span class="soft small block">${each.door === 'telegram' ? 'Telegram' : shortAddress(each.door)}</span></span>
          ${each.current ? html`<span class="up small">${t('sessions.current')}</span>`
          : html`<button type="button" class="button small" onClick=${() => act(() => api.remove(`/api/auth/sessions/${each.id}`), t('sessions.ended'))}>${t('sessions.end')}</button>`}
        </li>`)}</ul>`}<//></section>
    <button type="button" class="button wide" onClick=${() => (asking.value = true)}>${t('sessions.end_others')}</button>
    ${asking.value && html`
      <${Confirm} title=${t('sessions.end_others')} yes=${t('sessions.end')} tone="danger" onClose=${() => (asking.value = false)}
        onYes=${() => act(() => api.post('/api/auth/logout-all', { keep_current: true }), t('sessions.ended'))}><p>${t('sessions.end_others_ask')}</p><//>`}`;
}

/** A browser's name out of what it says of itself. @param {string} agent */
const program = agent =>
  /Telegram[\w-]*/.exec(agent)?.[0] ?? /(Edg|Firefox|Chrome|Safari)\/[\d]+/.exec(agent)?.[0]?.replace('/', ' ') ?? (agent.slice(0, 40) || '–');

function Activities() {
  const loaded = useLoaded(async () => (await api.get('/api/account/activity?limit=50')).activity, []);
  return html`
    <section class="panel"><${Listed} loaded=${loaded} empty=${t('activity.none')}>${(/** @type {Activity[]} */ all) => html`
      <ul class="rows">${all.map(({ id, kind, detail, address, created_at }) => html`
        <li class="row" key=${id}><span class="grow"><b>${named('activity', kind)}</b><span class="soft small block">${moment(created_at)}${address && ` · ${address}`}</span>
          ${detail && html`<span class="soft mono block">${has(`door.${detail}`) ? named('door', detail) : detail}</span>`}</span></li>`)}</ul>`}<//></section>`;
}

const BELOW = {
  wallets: { title: 'account.wallets', Part: Wallets },
  sessions: { title: 'account.sessions', Part: Sessions },
  keys: { title: 'account.keys', Part: ApiKeys },
  notifications: { title: 'account.notifications', Part: Notifications },
  activity: { title: 'account.activity', Part: Activities },
};

export function AccountScreen() {
  const below = BELOW[/** @type {keyof typeof BELOW} */ (route.value.rest[0] ?? '')];
  const who = account.value;
  if (who === undefined) return html`<${Loading} rows=${5} />`;
  if (who && below) return html`<${Below} title=${t(/** @type {TextKey} */ (below.title))}><${below.Part} /><//>`;
  return html`
    <div class="narrow stack">
      <div class="title"><h1>${t('nav.account')}</h1></div>
      ${who ? html`
        <section class="panel">
          <div class="row"><span class="coin" aria-hidden="true">${(who.first_name || '#').slice(0, 1)}</span>
            <span class="grow"><b data-name>${who.first_name || t('account.nameless')}</b><span class="soft small">${t('account.number', { id: who.id })}${who.username ? ` · @${who.username}` : ''}</span></span></div>
          <ul class="rows lined">
            <${Link} name="wallet" to="wallets" text=${t('account.wallets')} />
            <${Link} name="devices" to="sessions" text=${t('account.sessions')} />
            <${Link} name="key" to="keys" text=${t('account.keys')} />
            <${Link} name="bell" to="notifications" text=${t('account.notifications')} />
            <${Link} name="clock" to="activity" text=${t('account.activity')} />
          </ul>
        </section>` : html`<${SignIn} />`}
      <${Settings} />
      ${who && !launch.inTelegram && html`<button type="button" class="button wide" onClick=${leave}>${t('account.leave')}</button>`}
    </div>`;
}
