// Texts and numbers in the person's language. Catalogues are in texts/; each comes as a module, one of them at a time.
import { signal } from '@preact/signals';
import { cut, trimmed } from './decimal.js';
import { launch } from './telegram.js';

export const LANGUAGES = { en: 'English', de: 'Deutsch' };
const SEPARATORS = { en: [',', '.'], de: ['.', ','] }; // of thousands, of decimals
const KEPT = 'clobster-language';

/** @typedef {keyof typeof LANGUAGES} Language */
/** @type {import('@preact/signals').Signal<Language>} */
export const language = signal('en');
/** @type {Record<string, string>} */
let texts = {};

/** @param {string | null | undefined} code @returns {code is Language} */
const known = code => !!code && code in LANGUAGES;

/** The language to begin with: the chosen one, Telegram's, the browser's. @returns {Language} */
export function preferred() {
  const wanted = [localStorage.getItem(KEPT), launch.language, ...navigator.languages];
  for (const each of wanted) {
    const code = each?.split('-')[0]?.toLowerCase();
    if (known(code)) return code;
  }
  return 'en';
}

/** Speak this language from now on. @param {Language} code */
export async function speak(code) {
  texts = (await import(`${document.documentElement.dataset.base}/texts/${code}.js`)).default;
  document.documentElement.lang = code;
  language.value = code;
}

/** @param {Language} code */
export function choose(code) {
  localStorage.setItem(KEPT, code);
  return speak(code);
}

/** A text with its placeholders filled in. @param {TextKey} key @param {Record<string, string | number>} [values] */
export function t(key, values) {
  language.value; // who shows a text shows it anew in another language
  return filled(texts[key] ?? key, values);
}

/** @param {string} text @param {Record<string, any>} [values] */
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => String(values?.[name] ?? whole));

/** @param {Record<string, unknown> | undefined} values @param {string} text */
const isComplete = (text, values) => [...text.matchAll(/\{(\w+)\}/g)].every(([, name]) => values?.[name ?? ''] !== undefined);

/** Decimals among the values of a text as they are written in the person's language. @param {Record<string, unknown>} values */
const written = values => Object.fromEntries(Object.entries(values).map(([name, value]) =>
  [name, typeof value === 'string' && /^\d+\.\d+$/.test(value) ? number(value, { trim: true }) : value]));

/** What to say of a refusal: by its code where we have words for it, else what the server said. @param {any} error */
export function said(error) {
  const { code, message, details } = error ?? {};
  const text = texts[`refused.${code}`];
  return (text && isComplete(text, details) ? filled(text, written(details ?? {})) : message) || t('error.unknown');
}

/** A kind, a state or a reason that has a text of its own, else as it is. @param {string} family @param {string} name */
export const named = (family, name) => (language.value, texts[`${family}.${name}`] ?? name.replaceAll('_', ' '));

/** Whether a catalogue has it. @param {string} key */
export const has = key => key in texts;

/** @param {string} code */
const separators = code => SEPARATORS[/** @type {Language} */ (code)];

/**
 * A decimal as it is written in the person's language.
 * @param {string} text @param {{most?: number, trim?: boolean, sign?: boolean}} [how] most: cut to so many decimals
 */
export function number(text, { most, trim = false, sign = false } = {}) {
  const [thousands, point] = separators(language.value);
  let shown = most === undefined ? text : cut(text, most);
  if (trim) shown = trimmed(shown);
  const negative = shown.startsWith('-');
  const [whole = '', fraction] = (negative ? shown.slice(1) : shown).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, thousands ?? '');
  const before = negative ? '−' : sign && /[1-9]/.test(shown) ? '+' : '';
  return before + grouped + (fraction ? point + fraction : '');
}

/** A large amount in short: 1.2 M. @param {string} text */
export function short(text) {
  const whole = text.split('.')[0] ?? '';
  const steps = /** @type {[number, string][]} */ ([[9, 'B'], [6, 'M'], [3, 'K']]);
  for (const [zeros, letter] of steps) {
    if (whole.length > zeros) {
      return number(`${whole.slice(0, -zeros)}.${whole.slice(-zeros).slice(0, 2)}`) + letter;
    }
  }
  return number(text, { most: 2 });
}

/** For a field: as it is typed, without thousands. @param {string} text */
export const typed = text => text.replace('.', separators(language.value)[1] ?? '.');

/**
 * Read what somebody typed. A comma is as good as a point, unless it could separate thousands.
 * @param {string} text @returns {{value: string} | {problem: 'empty' | 'no_number' | 'ambiguous'}}
 */
export function readTyped(text) {
  const bare = text.replace(/[\s']/g, '');
  if (!bare) return { problem: 'empty' };
  if (!/^\d*[.,]?\d*$/.test(bare) || !/\d/.test(bare)) return { problem: 'no_number' };
  const thousands = separators(language.value)[0] ?? '';
  const [whole = '', fraction = ''] = bare.split(/[.,]/);
  if (bare.includes(thousands) && fraction.length === 3 && /^[1-9]\d{0,2}$/.test(whole)) return { problem: 'ambiguous' };
  return { value: fraction ? `${whole || '0'}.${fraction}` : whole || '0' };
}

/** @param {number} ms */
export const time = ms => new Date(ms).toLocaleTimeString(language.value, { hourCycle: 'h23' });

/** A day and a time; the year only where it is another. @param {number} ms */
export function moment(ms) {
  const then = new Date(ms);
  const year = then.getFullYear() === new Date().getFullYear() ? undefined : 'numeric';
  return then.toLocaleString(language.value, { year, month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}
