// The frame: where one can go, how the connection is, what was said; and the screen in the middle.
import { useEffect, useState } from 'preact/hooks';
import { html } from './lib/html.js';
import { t } from './lib/i18n.js';
import { connection } from './lib/stream.js';
import { Icon } from './parts/icons.js';
import { Failed, Fence, Loading } from './parts/ui.js';
import { Markets } from './screens/markets.js';
import { Trade } from './screens/trade.js';
import { notes } from './state/notes.js';
import { path, route, SCREENS } from './state/route.js';
import { launchProblem } from './state/session.js';

/** Screens that come when they are wanted. @type {Record<string, () => Promise<import('preact').FunctionComponent>>} */
const LATER = {
  portfolio: () => import('./screens/portfolio.js').then(({ Portfolio }) => Portfolio),
  account: () => import('./screens/account.js').then(({ AccountScreen }) => AccountScreen),
};

const Nav = () => html`
  <nav class="nav" aria-label=${t('nav')}>
    <span class="brand"><img src="/miniapp/icon.svg" alt="" width="26" height="26" />Clobster</span>
    ${SCREENS.map(screen => html`
      <a key=${screen} href=${path(screen)} aria-current=${screen === route.value.screen ? 'page' : undefined}>
        <${Icon} name=${screen} />${t(`nav.${screen}`)}</a>`)}
  </nav>`;

const Banners = () => html`
  ${connection.value === 'away' && html`<p class="banner" role="status"><i />${t(navigator.onLine ? 'banner.away' : 'banner.offline')}</p>`}
  ${launchProblem.value && html`<p class="banner" role="status"><i />${t(`banner.launch.${launchProblem.value}`)}</p>`}`;

const Notes = () => html`
  <div class="notes" role="log" aria-live="polite">
    ${notes.value.map(({ id, text, tone }) => html`<p key=${id} data-tone=${tone}>${text}</p>`)}
  </div>`;

/** @param {{name: string}} props */
function Later({ name }) {
  const [state, set] = useState(/** @type {{Screen?: any, error?: unknown}} */ ({}));
  const load = () => LATER[name]?.().then(Screen => set({ Screen }), error => set({ error }));
  useEffect(() => void load(), []);
  if (state.error) return html`<${Failed} error=${null} again=${() => location.reload()} />`;
  return state.Screen ? html`<${state.Screen} />` : html`<${Loading} rows=${6} />`;
}

export function App() {
  const { screen } = route.value;
  return html`
    <${Nav} />
    <${Banners} />
    <main key=${screen} data-screen=${screen}>
      <${Fence}>${screen === 'markets' ? html`<${Markets} />` : screen === 'trade' ? html`<${Trade} />` : html`<${Later} name=${screen} />`}<//>
    </main>
    <${Notes} />`;
}
