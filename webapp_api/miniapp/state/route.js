// Which screen is shown: #/trade/BTCUSDT. What lies below a screen, as #/account/keys, leads back to it.
import { computed, effect, signal } from '@preact/signals';
import { backButton, haptic, on } from '../lib/telegram.js';

export const SCREENS = /** @type {const} */ (['markets', 'trade', 'portfolio', 'account']);

/** @typedef {typeof SCREENS[number]} Screen */
/** @typedef {{screen: Screen, rest: string[]}} Route */

/** @returns {Route} */
function read() {
  const [screen = '', ...rest] = location.hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  const known = SCREENS.find(each => each === screen);
  return known ? { screen: known, rest: rest.filter(Boolean) } : { screen: 'markets', rest: [] };
}

/** @type {import('@preact/signals').Signal<Route>} */
export const route = signal(read());
/** Whether there is a screen above this one. */
export const isBelow = computed(() => ['portfolio', 'account'].includes(route.value.screen) && route.value.rest.length > 0);

/** @param {Screen} screen @param {string[]} rest */
export const path = (screen, ...rest) => `#/${[screen, ...rest].map(encodeURIComponent).join('/')}`;

/** @param {Screen} screen @param {string[]} rest */
export function go(screen, ...rest) {
  location.hash = path(screen, ...rest);
}

export function back() {
  haptic('tap');
  const { screen, rest } = route.peek();
  if (rest[0] === 'withdrawals' && rest[1]) go(screen, rest[0]);
  else go(screen);
}

export function start() {
  addEventListener('hashchange', () => {
    route.value = read();
    scrollTo(0, 0);
  });
  on('back_button_pressed', back);
  effect(() => {
    backButton(isBelow.value);
  });
}
