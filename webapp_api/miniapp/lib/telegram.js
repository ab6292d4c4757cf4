// Telegram's side of the page: what it was launched with, and events both ways. Outside Telegram nothing is posted.
// Source: core.telegram.org/api/web-events

const KEPT = 'clobster-launch';

/** @returns {URLSearchParams} what Telegram put behind the # of the address, kept for a reload */
function launchParams() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (!given.has('tgWebAppVersion')) return new URLSearchParams(sessionStorage.getItem(KEPT) ?? '');
  sessionStorage.setItem(KEPT, given.toString());
  history.replaceState(null, '', location.pathname + location.search);
  return given;
}

const params = launchParams();
const signed = new URLSearchParams(params.get('tgWebAppData') ?? '');

/** @param {string | null} text @returns {any} */
function parsed(text) {
  try {
    return JSON.parse(text ?? '{}') ?? {};
  } catch {
    return {};
  }
}

export const launch = {
  inTelegram: params.has('tgWebAppVersion'),
  initData: params.get('tgWebAppData') ?? '',
  version: params.get('tgWebAppVersion') ?? '0',
  theme: parsed(params.get('tgWebAppThemeParams')),
  start: signed.get('start_param') ?? new URLSearchParams(location.search).get('tgWebAppStartParam') ?? '',
  language: /** @type {string | undefined} */ (parsed(signed.get('user')).language_code),
};

/** @param {string} wanted */
export function atLeast(wanted) {
  const [have, need] = [launch.version, wanted].map(each => each.split('.').map(Number));
  for (let i = 0; i < 2; i++) {
    const difference = (have?.[i] ?? 0) - (need?.[i] ?? 0);
    if (difference) return difference > 0;
  }
  return true;
}

// From which version on a client knows an event; what is not here is known to all.
/** @type {Record<string, string>} */
const SINCE = {
  web_app_trigger_haptic_feedback: '6.1',
  web_app_setup_back_button: '6.1',
  web_app_set_header_color: '6.1',
  web_app_set_background_color: '6.1',
  web_app_open_link: '6.1',
  web_app_setup_closing_behavior: '6.2',
  web_app_invoke_custom_method: '6.9',
  web_app_setup_swipe_behavior: '7.7',
  web_app_set_bottom_bar_color: '7.10',
  web_app_request_safe_area: '8.0',
  web_app_request_content_safe_area: '8.0',
};

/** Say something to Telegram, unless its version would not understand. @param {string} type @param {object} [data] */
export function post(type, data = {}) {
  if (!launch.inTelegram || !atLeast(SINCE[type] ?? '0')) return false;
  const text = JSON.stringify({ eventType: type, eventData: data });
  const external = /** @type {External | undefined} */ (window.external);
  if (window.TelegramWebviewProxy) window.TelegramWebviewProxy.postEvent(type, JSON.stringify(data));
  else if (external?.notify) external.notify(text);
  // Only Telegram's web clients may frame the page: the policy it comes with says so.
  else if (window.parent !== window) window.parent.postMessage(text, '*');
  return true;
}

/** @type {Map<string, Set<(data: any) => void>>} */
const listeners = new Map();

/** Hear an event of Telegram's; returns how to stop. @param {string} type @param {(data: any) => void} listener */
export function on(type, listener) {
  const all = listeners.get(type) ?? new Set();
  listeners.set(type, all.add(listener));
  return () => all.delete(listener);
}

/** @param {string} type @param {any} data */
const receive = (type, data) => listeners.get(type)?.forEach(listener => listener(data ?? {}));

if (launch.inTelegram) {
  window.Telegram = { ...window.Telegram, WebView: { receiveEvent: receive } };
  window.TelegramGameProxy = { receiveEvent: receive };
  addEventListener('message', ({ source, data }) => {
    if (source !== window.parent || source === window || typeof data !== 'string') return;
    const { eventType, eventData } = parsed(data);
    if (eventType) receive(eventType, eventData);
  });
}

/** Say once that the page can be seen, and ask how much room there is. */
export function ready() {
  const { style } = document.documentElement;
  on('viewport_changed', data => {
    if (data.is_state_stable) style.setProperty('--height', `${data.height}px`);
  });
  for (const kind of ['safe_area', 'content_safe_area']) {
    on(`${kind}_changed`, data => {
      for (const edge of ['top', 'bottom', 'left', 'right']) {
        style.setProperty(`--${kind.replaceAll('_', '-')}-${edge}`, `${Number(data[edge]) || 0}px`);
      }
    });
  }
  post('web_app_ready');
  post('web_app_expand');
  post('web_app_request_viewport');
  post('web_app_request_safe_area');
  post('web_app_request_content_safe_area');
}

/** @param {'tap' | 'select' | 'success' | 'error' | 'warning'} kind */
export function haptic(kind) {
  const [type, more] = kind === 'tap' ? ['impact', { impact_style: 'light' }]
    : kind === 'select' ? ['selection_change', {}]
    : ['notification', { notification_type: kind }];
  post('web_app_trigger_haptic_feedback', { type, ...more });
}

/** @param {{text: string, color: string, text_color: string, is_active: boolean, is_progress_visible: boolean} | null} button */
export function mainButton(button) {
  post('web_app_setup_main_button', button ? { is_visible: true, ...button } : { is_visible: false });
}

/** @param {boolean} is_visible */
export const backButton = is_visible => post('web_app_setup_back_button', { is_visible });

/** @type {Set<string>} */
const unfinished = new Set();

/** Ask before the page is closed, as long as something is unfinished. @param {string} what @param {boolean} isUnfinished */
export function closingConfirmation(what, isUnfinished) {
  if (isUnfinished) unfinished.add(what);
  else unfinished.delete(what);
  post('web_app_setup_closing_behavior', { need_confirmation: unfinished.size > 0 });
}

/** @param {boolean} allow_vertical_swipe */
export const verticalSwipes = allow_vertical_swipe => post('web_app_setup_swipe_behavior', { allow_vertical_swipe });

/** Open another page; to be called in the click itself. @param {string} url */
export function openLink(url) {
  if (!post('web_app_open_link', { url })) window.open(url, '_blank', 'noopener');
}

let asked = 0;

/** Ask a method of Telegram's cloud; null where there is none or nothing comes. @param {string} method @param {object} params */
export function invoke(method, params) {
  const id = `c${++asked}`;
  return new Promise(resolve => {
    if (!post('web_app_invoke_custom_method', { req_id: id, method, params })) return resolve(null);
    const stop = on('custom_method_invoked', ({ req_id, result }) => {
      if (req_id !== id) return;
      stop();
      resolve(result ?? null);
    });
    setTimeout(() => (stop(), resolve(null)), 3000);
  });
}
