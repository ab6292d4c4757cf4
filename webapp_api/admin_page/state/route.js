// Which screen is shown: #/markets.
import { signal } from '@preact/signals';

export const SCREENS = /** @type {const} */ (['glance', 'markets', 'money', 'log']);

/** @typedef {typeof SCREENS[number]} Screen */

/** @returns {Screen} */
const read = () => SCREENS.find(each => `#/${each}` === location.hash) ?? 'glance';

/** @type {import('@preact/signals').Signal<Screen>} */
export const screen = signal(read());

export function start() {
  addEventListener('hashchange', () => {
    screen.value = read();
    scrollTo(0, 0);
  });
}
