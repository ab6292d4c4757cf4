// Exact decimals: a decimal string and the whole number of its smallest units (a BigInt) are one thing in two forms.

const PLAIN = /^(-?)(\d*)(?:\.(\d*))?$/;

/**
 * Read a decimal as units of 10 ** -decimals.
 * @param {string} text @param {number} decimals
 * @returns {bigint | null} null where it is no number or has more decimals than that
 */
export function units(text, decimals) {
  const found = PLAIN.exec(text);
  if (!found) return null;
  const [, sign, whole = '', fraction = ''] = found;
  if (!whole && !fraction) return null;
  const kept = fraction.replace(/0+$/, '');
  if (kept.length > decimals) return null;
  const value = BigInt(whole + kept.padEnd(decimals, '0') || '0');
  return sign ? -value : value;
}

/** Read a decimal of the API's, which always fits. @param {string} text @param {number} decimals */
export function exact(text, decimals) {
  const value = units(text, decimals);
  if (value === null) throw new RangeError(`${text} has more than ${decimals} decimals`);
  return value;
}

/** Write units of 10 ** -decimals with all their decimals. @param {bigint} value @param {number} decimals */
export function plain(value, decimals) {
  const digits = String(value < 0n ? -value : value).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  return (value < 0n ? '-' : '') + (decimals ? `${whole}.${digits.slice(-decimals)}` : whole);
}

/** Without zeros at the end. @param {string} text */
export const trimmed = text => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

/** How many decimals are written. @param {string} text */
export const decimalsOf = text => text.length - (text.indexOf('.') + 1 || text.length);

/** Change the scale of units; what does not fit is cut off. @param {bigint} value @param {number} from @param {number} to */
export function rescaled(value, from, to) {
  return to >= from ? value * 10n ** BigInt(to - from) : value / 10n ** BigInt(from - to);
}

/** @param {bigint} value @param {bigint} step */
export const floored = (value, step) => value - (value % step);

/** @param {bigint} a @param {bigint} b */
export const divideUp = (a, b) => (a + b - 1n) / b;

/**
 * The ratio of two amounts of one scale less one, in hundredths of a percent.
 * @param {bigint} now @param {bigint} then @returns {bigint | null}
 */
export const changeBasisPoints = (now, then) => (then > 0n ? ((now - then) * 10_000n) / then : null);

/**
 * Cut a decimal to at most so many decimals. Nothing is rounded up.
 * @param {string} text @param {number} most
 */
export function cut(text, most) {
  const dot = text.indexOf('.');
  if (dot < 0 || text.length - dot - 1 <= most) return text;
  return most ? text.slice(0, dot + 1 + most) : text.slice(0, dot);
}

/** Which way something went, as shown with two decimals. @param {string | null | undefined} percent @returns {'up' | 'down' | 'flat'} */
export const direction = percent =>
  !percent || !/[1-9]/.test(cut(percent, 2)) ? 'flat' : percent.startsWith('-') ? 'down' : 'up';
