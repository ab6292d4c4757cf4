// What an order comes to as the book stands. Exact: prices and quantities are units of the market's decimals.
import { changeBasisPoints, divideUp, exact, floored, rescaled } from '../lib/decimal.js';

const PPM_DECIMALS = 6;
const PPM = 1_000_000n;
const LARGE = 10_000n; // of the quote asset
const OFF_PRICE = 200n; // basis points worse than the best price
export const FEE_DECIMALS = 8;

/** @typedef {import('../state/book.js').Book} Book */
/** @typedef {{side: Side, type: OrderType, price: bigint | null, quantity: bigint | null, spend: bigint | null}} Wish */
/**
 * quantity in the market's decimals, notional in quoteDecimals, average a price; slippage in basis points from the best
 * price. fee is of what is received, with FEE_DECIMALS. isThin: the book has less than that.
 * @typedef {{quantity: bigint, notional: bigint, average: bigint | null, slippage: bigint | null, fee: bigint,
 *   feeAsset: string, isThin: boolean, doubts: ('market' | 'large' | 'off_price')[]}} Estimate
 */

/** @param {Market} market */
export const quoteDecimals = market => market.price_decimals + market.quantity_decimals;

/**
 * @param {Market} market @param {Wish} wish @param {Book | null} book
 * @returns {Estimate | null} null while the wish is not complete
 */
export function estimate(market, wish, book) {
  const facing = (wish.side === 'buy' ? book?.asks : book?.bids) ?? [];
  const best = facing[0]?.price ?? null;
  const walked = wish.type === 'market' ? walk(market, wish, facing) : resting(wish);
  if (!walked) return null;
  const { quantity, notional, isThin } = walked;
  const crosses = best !== null && wish.price !== null && (wish.side === 'buy' ? wish.price >= best : wish.price <= best);
  const rate = exact(wish.type === 'market' || crosses ? market.taker_fee : market.maker_fee, PPM_DECIMALS);
  const isBuy = wish.side === 'buy';
  const received = isBuy
    ? rescaled(quantity, market.quantity_decimals, FEE_DECIMALS)
    : rescaled(notional, quoteDecimals(market), FEE_DECIMALS);
  const average = quantity > 0n ? notional / quantity : null;
  const atBest = best === null ? null : best * quantity;
  const change = atBest === null ? null : changeBasisPoints(notional, atBest);
  const slippage = change === null ? null : isBuy ? change : -change;
  return {
    quantity, notional, average, slippage, isThin,
    fee: divideUp(received * rate, PPM),
    feeAsset: isBuy ? market.base : market.quote,
    doubts: [
      ...(wish.type === 'market' ? /** @type {const} */ (['market']) : []),
      ...(notional >= LARGE * 10n ** BigInt(quoteDecimals(market)) ? /** @type {const} */ (['large']) : []),
      ...(slippage !== null && slippage > OFF_PRICE ? /** @type {const} */ (['off_price']) : []),
    ],
  };
}

/** @param {Wish} wish */
function resting({ price, quantity }) {
  return price === null || quantity === null ? null : { quantity, notional: price * quantity, isThin: false };
}

/** What a market order trades. @param {Market} market @param {Wish} wish @param {import('../state/book.js').Level[]} facing */
function walk(market, wish, facing) {
  if (wish.quantity === null && wish.spend === null) return null;
  const lot = exact(market.lot_size, market.quantity_decimals);
  let [quantity, notional] = [0n, 0n];
  for (const level of facing) {
    const wanted = wish.spend !== null ? floored((wish.spend - notional) / level.price, lot) : (wish.quantity ?? 0n) - quantity;
    const taken = wanted < level.quantity ? wanted : level.quantity;
    quantity += taken;
    notional += taken * level.price;
    if (taken === wanted) return { quantity, notional, isThin: false };
  }
  return { quantity, notional, isThin: true };
}

/**
 * So many percent of what is available, as the amount of an order.
 * @param {Market} market @param {Side} side @param {bigint} have in quoteDecimals for a buyer, else in the market's decimals
 * @param {number} percent @param {bigint | null} price null for a market order, which a buyer pays in the quote asset
 */
export function share(market, side, have, percent, price) {
  const part = (have * BigInt(percent)) / 100n;
  const lot = exact(market.lot_size, market.quantity_decimals);
  if (side === 'sell') return floored(part, lot);
  return price === null ? part : price > 0n ? floored(part / price, lot) : 0n;
}
