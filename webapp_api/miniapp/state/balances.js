// What somebody has, as it changes.
import { effect, signal } from '@preact/signals';
import { exact, rescaled } from '../lib/decimal.js';
import { follow } from '../lib/stream.js';
import { account } from './session.js';

/** null until they are known. @type {import('@preact/signals').Signal<Map<string, Balance> | null>} */
export const balances = signal(null);

/** What is available of an asset, in units of 10 ** -decimals. @param {string} asset @param {number} decimals */
export function available(asset, decimals) {
  const found = balances.value?.get(asset)?.available;
  if (!found) return 0n;
  const own = found.length - found.indexOf('.') - 1;
  return found.includes('.') ? rescaled(exact(found, own), own, decimals) : exact(found, decimals);
}

export function start() {
  effect(() => {
    balances.value = null;
    if (!account.value) return;
    return follow('user:balances', ({ type, data }) => {
      const now = type === 'snapshot' ? new Map() : new Map(balances.peek());
      for (const balance of data) now.set(balance.asset, balance);
      balances.value = now;
    });
  });
}
