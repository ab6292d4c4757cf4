// The operators' page begins: colours, language, who is there; then the exchange at a glance.
import { h, render } from 'preact';
import { preferred, speak } from '../miniapp/lib/i18n.js';
import { ready, verticalSwipes } from '../miniapp/lib/telegram.js';
import * as theme from '../miniapp/lib/theme.js';
import * as session from '../miniapp/state/session.js';
import { App } from './app.js';
import * as overview from './state/overview.js';
import * as route from './state/route.js';

theme.start();
ready();
verticalSwipes(false);
session.start();
overview.start();
route.start();
await speak(preferred());
const app = document.getElementById('app');
if (app) {
  app.replaceChildren();
  render(h(App, {}), app);
}
