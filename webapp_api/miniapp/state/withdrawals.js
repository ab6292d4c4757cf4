// One's own withdrawals, as they go on.
import { effect, signal } from '@preact/signals';
import * as api from '../lib/api.js';
import { follow } from '../lib/stream.js';
import { closingConfirmation } from '../lib/telegram.js';
import { account } from './session.js';

const PATH = '/api/portfolio/withdrawals';
export const ENDED = ['completed', 'canceled', 'failed'];
const CANCELABLE = ['waits_for_confirmation', 'waits_for_delay', 'waits_for_approval', 'approved', 'batched'];

/** By id, newest first; null until they are known. @type {import('@preact/signals').Signal<Map<number, Withdrawal> | null>} */
export const withdrawals = signal(null);

/** @param {Withdrawal} withdrawal */
export const isCancelable = ({ state }) => CANCELABLE.includes(state);

/** @param {Withdrawal[]} told */
function take(told) {
  const now = new Map(withdrawals.peek());
  for (const each of told) now.set(each.id, each);
  withdrawals.value = new Map([...now].sort(([a], [b]) => b - a));
}

/** Whose they are. @type {number | null} */
let owner = null;

/** Follow them while somebody looks; returns how to stop. */
export const watch = () => effect(() => {
  const id = account.value?.id ?? null;
  if (id !== owner) withdrawals.value = null;
  owner = id;
  if (id === null) return;
  return follow('user:withdrawals', ({ type, data }) => {
    if (type === 'snapshot') withdrawals.value = new Map(data.map((/** @type {Withdrawal} */ each) => [each.id, each]));
    else take(data);
  });
});

/** Ask for the page not to be closed by mistake while one waits for a yes. */
export const guard = () => effect(() => {
  closingConfirmation('withdrawal', [...(withdrawals.value?.values() ?? [])].some(({ state }) => state === 'waits_for_confirmation'));
});

/** Addresses that money was sent to, the latest first. @param {string} asset */
export const knownTargets = asset => [...new Set(
  [...(withdrawals.value?.values() ?? [])].filter(each => each.asset === asset && each.state !== 'failed').map(each => each.address))];

/** What a withdrawal costs and may be now. @param {string} asset @returns {Promise<WithdrawalTerms>} */
export const terms = asset => api.get(`/api/portfolio/withdrawal-terms${api.query({ asset })}`);

/** Ask for money to leave. The same name asks once, however often it is sent.
 * @param {{asset: string, amount: Decimal, address: string}} wanted @param {string} name @returns {Promise<Withdrawal>} */
export async function request(wanted, name) {
  const made = await api.insist(() => api.post(PATH, wanted, name));
  take([made]);
  return made;
}

/** @param {number} id */
export async function cancel(id) {
  take([await api.insist(async () => (await api.remove(`${PATH}/${id}`)).json())]);
}

/** Say yes with a wallet that opens the account.
 * @param {number} id @param {{address: string, sign: (message: string) => Promise<string>}} wallet */
export async function confirm(id, { address, sign }) {
  const { message } = await api.post(`${PATH}/${id}/challenge`, { address });
  const signature = await sign(message);
  take([await api.post(`${PATH}/${id}/confirm`, { address, message, signature })]);
}
