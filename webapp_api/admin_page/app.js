// The frame: where one can go, how old the figures are; and who is let in at all.
import { html } from '../miniapp/lib/html.js';
import { said } from '../miniapp/lib/i18n.js';
import { launch } from '../miniapp/lib/telegram.js';
import { Icon } from '../miniapp/parts/icons.js';
import { Fence, Loading } from '../miniapp/parts/ui.js';
import { WalletSignIn } from '../miniapp/screens/wallets.js';
import { notes } from '../miniapp/state/notes.js';
import { account, launchProblem, leave } from '../miniapp/state/session.js';
import { Glance } from './screens/glance.js';
import { Log } from './screens/log.js';
import { Markets } from './screens/markets.js';
import { Money } from './screens/money.js';
import { ageS, isOld, isRefused, look, overview, problem } from './state/overview.js';
import { screen, SCREENS } from './state/route.js';
import { ago, lasting, t } from './words.js';

const PARTS = { glance: Glance, markets: Markets, money: Money, log: Log };
const ICONS = /** @type {const} */ ({ glance: 'shield', markets: 'markets', money: 'wallet', log: 'list' });

const Nav = () => html`
  <nav class="nav" aria-label=${t('nav')}>
    <span class="brand"><img src="/miniapp/icon.svg" alt="" width="26" height="26" />Clobster</span>
    ${SCREENS.map(each => html`
      <a key=${each} href=${`#/${each}`} aria-current=${each === screen.value ? 'page' : undefined}>
        <${Icon} name=${ICONS[each]} />${t(`screen.${each}`)}</a>`)}
  </nav>`;

const Age = () => html`
  ${isOld.value
    ? html`<p class="banner" role="alert"><i /><span class="grow">${problem.value ? said(problem.value) : ''} ${t('old', { time: lasting(ageS.value) })}</span></p>`
    : html`<p class="age soft small">${t('updated', { ago: ago(ageS.value) })}</p>`}`;

const Notes = () => html`
  <div class="notes" role="log" aria-live="polite">
    ${notes.value.map(({ id, text, tone }) => html`<p key=${id} data-tone=${tone}>${text}</p>`)}
  </div>`;

/** @param {{text: string, children?: import('preact').ComponentChildren}} props */
const Door = ({ text, children }) => html`
  <main class="narrow stack door">
    <h1 class="with-icon"><img src="/miniapp/icon.svg" alt="" width="26" height="26" />Clobster</h1>
    <section class="panel padded"><p>${text}</p></section>
    ${children}
  </main>
  <${Notes} />`;

export function App() {
  if (account.value === undefined) return html`<main><${Loading} rows=${5} /></main>`;
  if (!account.value) {
    return html`<${Door} text=${launchProblem.value ? t(`banner.launch.${launchProblem.value}`) : t('door.guest')}><${WalletSignIn} /><//>`;
  }
  if (isRefused.value) {
    return html`<${Door} text=${t('door.refused')}>${!launch.inTelegram && html`<button type="button" class="button wide" onClick=${leave}>${t('account.leave')}</button>`}<//>`;
  }
  if (!overview.value) {
    return problem.value
      ? html`<${Door} text=${said(problem.value)}><button type="button" class="button wide" onClick=${look}>${t('again')}</button><//>`
      : html`<main><${Loading} rows=${5} /></main>`;
  }
  const Part = PARTS[screen.value];
  return html`
    <${Nav} />
    <main key=${screen.value} data-screen=${screen.value} class="stack">
      <div class="title"><h1>${t(`screen.${screen.value}`)}</h1><${Age} /></div>
      <${Fence}><${Part} /><//>
    </main>
    <${Notes} />`;
}
