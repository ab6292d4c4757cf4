// Colours: our own palettes, over which Telegram's theme goes; everything else is mixed from background and text.
import { effect, signal } from '@preact/signals';
import { launch, on, post } from './telegram.js';

const KEPT = 'clobster-theme';
const HEX = /^#[0-9a-f]{6}$/i;
const LEGIBLE = 4.5; // contrast of text, as WCAG AA wants it

/** @typedef {'auto' | 'light' | 'dark'} Choice */

/** @type {import('@preact/signals').Signal<Choice>} */
export const choice = signal(/** @type {Choice} */ (localStorage.getItem(KEPT) ?? 'auto'));
/** @type {import('@preact/signals').Signal<Record<string, string>>} */
const told = signal(launch.theme);
const systemDark = matchMedia('(prefers-color-scheme: dark)');
const system = signal(systemDark.matches);
/** Rises with every change of colours, for what is drawn and not styled. */
export const painted = signal(0);

/** @param {Choice} wanted */
export function chooseTheme(wanted) {
  localStorage.setItem(KEPT, wanted);
  choice.value = wanted;
}

/** @param {string} hex */
const parts = hex => [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16));

/** @param {string} hex */
function luminance(hex) {
  const [r, g, b] = parts(hex).map(each => {
    const share = each / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0);
}

/** @param {string} one @param {string} other */
export function contrast(one, other) {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/** So much of one colour in another. @param {string} one @param {string} other @param {number} share */
function mix(one, other, share) {
  const [a, b] = [parts(one), parts(other)];
  return `#${a.map((each, i) => Math.round(each * share + (b[i] ?? 0) * (1 - share)).toString(16).padStart(2, '0')).join('')}`;
}

/** Telegram's colours as ours, where text stays legible. @param {Record<string, string>} theme */
function palette(theme) {
  const { bg_color: bg = '', text_color: ink = '', button_color: accent = '', button_text_color: onAccent = '' } = theme;
  if (!HEX.test(bg) || !HEX.test(ink) || contrast(bg, ink) < LEGIBLE) return null;
  const section = theme.section_bg_color ?? '';
  const raised = HEX.test(section) && section !== bg && contrast(section, ink) >= LEGIBLE ? section : mix(ink, bg, 0.045);
  /** @type {Record<string, string>} */
  const colours = {
    bg, ink, raised, press: mix(ink, raised, 0.08), line: mix(ink, raised, 0.12), soft: mix(ink, raised, 0.68),
  };
  if (HEX.test(accent) && HEX.test(onAccent) && contrast(accent, onAccent) >= LEGIBLE && contrast(accent, raised) >= LEGIBLE) {
    Object.assign(colours, { accent, 'on-accent': onAccent });
  }
  return colours;
}

const OURS = ['bg', 'ink', 'raised', 'press', 'line', 'soft', 'accent', 'on-accent'];

function paint() {
  const { dataset, style } = document.documentElement;
  const theirs = choice.value === 'auto' ? palette(told.value) : null;
  const dark = theirs?.bg ? luminance(theirs.bg) < 0.2 : choice.value === 'auto' ? system.value : choice.value === 'dark';
  dataset.scheme = dark ? 'dark' : 'light';
  for (const name of OURS) {
    const colour = theirs?.[name];
    if (colour) style.setProperty(`--${name}`, colour);
    else style.removeProperty(`--${name}`);
  }
  const bg = colour('bg');
  document.querySelector('meta[name=theme-color]')?.setAttribute('content', bg);
  for (const part of ['header', 'background', 'bottom_bar']) post(`web_app_set_${part}_color`, { color: bg });
  painted.value = painted.peek() + 1;
}

/** A colour as it is now, in hex. @param {string} name */
export const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export function start() {
  on('theme_changed', data => (told.value = data.theme_params ?? {}));
  post('web_app_request_theme');
  systemDark.addEventListener('change', () => (system.value = systemDark.matches));
  effect(paint);
}
