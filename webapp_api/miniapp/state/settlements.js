// How far one's trades are settled on the chain, as it goes on.
import { effect, signal } from '@preact/signals';
import { follow } from '../lib/stream.js';
import { account } from './session.js';

const REMEMBERED = 500;

/** What was told since the page began, by trade and side. @type {import('@preact/signals').Signal<Map<string, OwnTrade['settlement']>>} */
const told = signal(new Map());

/** Whoever trades with themselves has the trade twice. @param {OwnTrade} trade */
const key = ({ trade_id, maker }) => `${trade_id}:${maker}`;

/** The newest that is known. @param {OwnTrade} trade */
export const settlementOf = trade => told.value.get(key(trade)) ?? trade.settlement;

export const start = () => effect(() => {
  told.value = new Map();
  if (!account.value) return;
  return follow('user:trades', ({ data }) => {
    const now = new Map(told.peek());
    for (const trade of /** @type {OwnTrade[]} */ (data)) {
      now.delete(key(trade));
      now.set(key(trade), trade.settlement);
    }
    told.value = new Map([...now].slice(-REMEMBERED));
  });
});
