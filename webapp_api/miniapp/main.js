// The page begins: colours, language, who is there, the stream; then the first screen.
import { h, render } from 'preact';
import { App } from './app.js';
import { preferred, speak } from './lib/i18n.js';
import * as stream from './lib/stream.js';
import { launch, ready, verticalSwipes } from './lib/telegram.js';
import * as theme from './lib/theme.js';
import * as balances from './state/balances.js';
import * as markets from './state/markets.js';
import * as orders from './state/orders.js';
import * as route from './state/route.js';
import * as session from './state/session.js';
import * as settlements from './state/settlements.js';
import * as ticket from './trade/ticket_state.js';

theme.start();
ready();
verticalSwipes(false);
stream.start();
balances.start();
orders.start();
settlements.start();
ticket.start();
session.start();
markets.load();
markets.loadFavourites();
await speak(preferred());
if (launch.start && !location.hash) {
  const symbol = launch.start.toUpperCase().replace(/[^A-Z0-9]/g, '');
  route.go('trade', symbol);
}
route.start();
const app = document.getElementById('app');
if (app) {
  app.replaceChildren();
  render(h(App, {}), app);
}
