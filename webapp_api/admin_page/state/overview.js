// The exchange at a glance, asked for again every few seconds while somebody looks.
import { computed, effect, signal } from '@preact/signals';
import * as api from '../../miniapp/lib/api.js';
import { account } from '../../miniapp/state/session.js';

const EVERY_MS = 5_000;
const OLD_S = 15; // of what is shown

/** @type {import('@preact/signals').Signal<Overview | null>} */
export const overview = signal(null);
/** Why there is nothing newer. @type {import('@preact/signals').Signal<unknown>} */
export const problem = signal(null);
/** Whether who has signed in is no administrator. */
export const isRefused = signal(false);
/** Rises with each answer and each act, for what is asked for beside it. */
export const round = signal(0);

const answeredAt = signal(0);
const now = signal(Date.now());
/** How many seconds ago the server said what is shown. */
export const ageS = computed(() => Math.max(0, Math.round((now.value - answeredAt.value) / 1000)));
/** What is shown is old, or the last question was not answered. */
export const isOld = computed(() => !!overview.value && (problem.value !== null || ageS.value >= OLD_S));

/** @type {ReturnType<typeof setTimeout> | undefined} */
let next;
let isAsking = false;

/** Ask now, and again every few seconds while the page can be seen. */
export async function look() {
  if (isAsking) return;
  clearTimeout(next);
  if (!account.peek() || document.hidden) return;
  isAsking = true;
  try {
    overview.value = await api.get('/api/admin/overview');
    answeredAt.value = now.value = Date.now();
    isRefused.value = false;
    problem.value = null;
  } catch (error) {
    isRefused.value = error instanceof api.Refusal && error.code === 'forbidden';
    if (isRefused.value) overview.value = null;
    problem.value = error;
  }
  isAsking = false;
  round.value++;
  if (!isRefused.value) next = setTimeout(look, EVERY_MS);
}

export function start() {
  effect(() => {
    const { id } = account.value ?? {};
    overview.value = problem.value = null;
    isRefused.value = false;
    if (id) look();
  });
  document.addEventListener('visibilitychange', look);
  addEventListener('online', look);
  setInterval(() => document.hidden || (now.value = Date.now()), 1000);
}
