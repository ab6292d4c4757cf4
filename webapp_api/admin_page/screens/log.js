// What administrators did, newest first. What was loaded stays: an act never changes.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import * as api from '../../miniapp/lib/api.js';
import { html } from '../../miniapp/lib/html.js';
import { named } from '../../miniapp/lib/i18n.js';
import { Empty, Failed, Loading } from '../../miniapp/parts/ui.js';
import { complain } from '../../miniapp/state/notes.js';
import { account } from '../../miniapp/state/session.js';
import { round } from '../state/overview.js';
import { exactly, t } from '../words.js';

const PAGE = 30;
const ACTIONS = /** @type {const} */ ([
  'open_market', 'make_market_cancel_only', 'halt_market', 'pause_quoting', 'resume_quoting', 'approve_withdrawal', 'reject_withdrawal', 'stop_withdrawals', 'resume_withdrawals',
  'clear_reconciliation', 'retry_settlement', 'take_snapshot', 'look_at_account', 'sign_out_account',
]);

/** What it was done to, in words. @param {AdminAct} act */
function on({ action, on }) {
  if (!action) return '';
  if (action.endsWith('_withdrawal')) return t('log.withdrawal', { id: on });
  if (action.endsWith('_account')) return t('account.number', { id: on });
  return on === 'all' ? t('markets.every') : on;
}

export function Log() {
  const action = useSignal('');
  const acts = useSignal(/** @type {AdminAct[] | null} */ (null));
  const cursor = useSignal(/** @type {number | null} */ (null));
  const error = useSignal(/** @type {unknown} */ (null));
  const isLoading = useSignal(false);
  /** @param {number | null} before @returns {Promise<{acts: AdminAct[], next_cursor: number | null}>} */
  const page = before => api.get(`/api/admin/log${api.query({ limit: PAGE, cursor: before, action: action.value })}`);
  useEffect(() => {
    let isWanted = true;
    page(null).then(newest => {
      if (!isWanted) return;
      const known = acts.value ?? [];
      const isOverlapping = newest.acts.length < PAGE || known.some(({ id }) => id === newest.acts.at(-1)?.id);
      if (!known.length || !isOverlapping) [acts.value, cursor.value] = [newest.acts, newest.next_cursor];
      else acts.value = [...newest.acts.filter(({ id }) => id > (known[0]?.id ?? 0)), ...known];
      error.value = null;
    }, failed => isWanted && (error.value = failed));
    return () => {
      isWanted = false;
    };
  }, [action.value, round.value]);
  const choose = (/** @type {any} */ { target }) => {
    action.value = target.value;
    acts.value = cursor.value = null;
  };
  const more = async () => {
    if (isLoading.value) return;
    isLoading.value = true;
    const asked = action.value;
    try {
      const older = await page(cursor.value);
      if (asked === action.value) [acts.value, cursor.value] = [[...(acts.value ?? []), ...older.acts], older.next_cursor];
    } catch (failed) {
      complain(failed);
    }
    isLoading.value = false;
  };
  return html`
    <div class="field log-filter narrow"><label for="action">${t('log.only')}</label>
      <select id="action" value=${action.value} onChange=${choose}>
        <option value="">${t('log.all')}</option>${ACTIONS.map(each => html`<option key=${each} value=${each}>${t(`act.${each}`)}</option>`)}</select></div>
    <section class="panel narrow">${error.value && !acts.value ? html`<${Failed} error=${error.value} again=${() => round.value++} />`
      : !acts.value ? html`<${Loading} rows=${6} />`
      : !acts.value.length && cursor.value === null ? html`<${Empty} text=${t('log.none')} />` : html`
      <ul class="rows log">${acts.value.map(act => html`
        <li class="row" key=${act.id}><span class="grow"><span class="strong">${act.action ? named('act', act.action) : act.act}${on(act) && html` · ${on(act)}`}</span>
          <span class="soft small block">${t('log.by', { who: act.admin_id })}${act.admin_id === account.value?.id ? ` (${t('you')})` : ''} · ${act.address === 'telegram' ? 'Telegram' : act.address}</span>
          ${!act.action && html`<span class="soft small mono block">${act.target}</span>`}</span>
          <time class="soft small right" datetime=${new Date(act.created_at).toISOString()}>${exactly(act.created_at)}</time></li>`)}</ul>
      ${cursor.value !== null && html`<p class="center"><button type="button" class="button small" disabled=${isLoading.value} onClick=${more}>${t('more')}</button></p>`}`}
    </section>`;
}
