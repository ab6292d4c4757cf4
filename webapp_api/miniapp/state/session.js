// Who is signed in, and how: by Telegram's launch data, by a wallet, or as the demo person of development.
import { signal } from '@preact/signals';
import * as api from '../lib/api.js';
import * as stream from '../lib/stream.js';
import { launch } from '../lib/telegram.js';

const KEPT = 'clobster-session'; // outside Telegram, for a reload of this tab alone
const EARLY_MS = 60_000; // before its end a token is renewed

/** undefined while it is being found out, null for a guest. @type {import('@preact/signals').Signal<Account | null | undefined>} */
export const account = signal(undefined);
/** Why Telegram's launch data opened nothing. @type {import('@preact/signals').Signal<'expired' | 'refused' | null>} */
export const launchProblem = signal(null);

/** @type {ReturnType<typeof setTimeout> | undefined} */
let renewal;

api.watchTokens(signedIn => {
  clearTimeout(renewal);
  if (signedIn) {
    if (!launch.inTelegram) sessionStorage.setItem(KEPT, signedIn.refresh_token);
    renewal = setTimeout(keepUp, Math.max(1000, signedIn.expires_in * 1000 - EARLY_MS));
    if (account.peek()?.id !== signedIn.account.id) account.value = signedIn.account;
  } else {
    sessionStorage.removeItem(KEPT);
    account.value = null;
  }
  stream.authorize(signedIn?.access_token ?? null);
});

/** Renew the tokens, or find out that the session is over. */
async function keepUp() {
  try {
    if (!(await api.renew()) && launch.initData) await byTelegram();
  } catch {
    renewal = setTimeout(keepUp, 5000);
  }
}

stream.need.auth = keepUp;
stream.need.ended = keepUp;

/** @param {SignedIn} signedIn */
const enter = signedIn => api.keepTokens(signedIn);

async function byTelegram() {
  try {
    enter(await api.insist(() => api.post('/api/auth/telegram', { init_data: launch.initData })));
  } catch (error) {
    if (!(error instanceof api.Refusal)) throw error;
    launchProblem.value = error.code === 'expired' ? 'expired' : 'refused';
    api.keepTokens(null);
  }
}

/** Sign in with what there is; whoever has nothing looks on as a guest. */
export async function start() {
  const kept = launch.inTelegram ? null : sessionStorage.getItem(KEPT);
  try {
    if (launch.initData) await byTelegram();
    else if (kept) enter(await api.insist(() => api.post('/api/auth/refresh', { refresh_token: kept })));
    else api.keepTokens(null);
  } catch (error) {
    if (error instanceof api.Refusal) api.keepTokens(null);
    else setTimeout(start, 2000 + Math.random() * 2000);
  }
}

/** @param {{address: string, sign: (message: string) => Promise<string>}} wallet */
export async function byWallet({ address, sign }) {
  const { message } = await api.post('/api/auth/solana/challenge', { address });
  enter(await api.post('/api/auth/solana', { address, message, signature: await sign(message) }));
}

export const isDemo = document.documentElement.dataset.demo === 'yes';

export const asDemo = async () => enter(await api.post('/api/dev/demo'));

export async function leave() {
  await api.post('/api/auth/logout').catch(() => {});
  api.keepTokens(null);
}
