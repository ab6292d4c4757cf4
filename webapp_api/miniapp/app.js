// The page: markets, the book as it moves, the last trades. Text goes in as text, never as markup.
import { Book } from './book.js';
import { Link } from './link.js';

const LEVELS = 12;
const TRADES = 24;
const DRAW_EVERY_MS = 200;

const at = id => document.getElementById(id);
let market = null;
let book = new Book();
let trades = [];
let ticker = null;
let dirty = false;

const link = new Link(take, state => {
  at('link').className = state;
  at('link').textContent = state === 'live' ? 'live' : 'reconnecting';
});

function take(message) {
  const kind = message.channel.split(':')[0];
  if (kind === 'depth' && !book.take(message)) link.again(message.channel);
  if (kind === 'trades') trades = newest(message);
  if (kind === 'ticker') ticker = message.data;
  dirty = true;
}

function newest({ type, data }) {
  const known = type === 'snapshot' ? [] : trades;
  return [...known, ...data].sort((a, b) => b.trade_id - a.trade_id).slice(0, TRADES);
}

function choose(chosen) {
  market = chosen;
  book = new Book();
  trades = [];
  ticker = null;
  for (const button of at('markets').children) {
    button.setAttribute('aria-pressed', String(button.dataset.symbol === market.symbol));
  }
  at('base').textContent = market.base;
  at('quote').textContent = market.quote;
  link.follow(['ticker', 'depth', 'trades'].map(kind => `${kind}:${market.symbol}`));
  dirty = true;
}

function draw() {
  if (!dirty || !market) return;
  dirty = false;
  const { bids, asks } = book.best(LEVELS);
  const deepest = Math.max(sum(bids), sum(asks), Number.MIN_VALUE);
  fill(at('asks'), withDepth(asks, deepest).reverse(), 'row');
  fill(at('bids'), withDepth(bids, deepest), 'row');
  at('spread').textContent = bids.length && asks.length
    ? `Spread ${(asks[0][0] - bids[0][0]).toFixed(market.price_decimals)} ${market.quote}`
    : 'No orders on both sides';
  if (trades.length) {
    fill(at('trades'), trades.map(trade => ({
      cells: [
        `${trade.taker_side === 'buy' ? '▲' : '▼'} ${trade.price}`,
        trade.quantity,
        new Date(trade.created_at).toLocaleTimeString([], { hourCycle: 'h23' }),
      ],
      tone: trade.taker_side === 'buy' ? 'up' : 'down',
    })), 'row three');
  } else {
    at('trades').replaceChildren(part('p', 'empty', 'No trades yet'));
  }
  drawTicker();
}

function drawTicker() {
  const change = Number(ticker?.change ?? 0);
  at('last').textContent = ticker?.last ?? ticker?.bid ?? '–';
  at('change').textContent = ticker?.change && Number(ticker.open)
    ? `${change < 0 ? '▼' : '▲'} ${ticker.change} (${(100 * change / ticker.open).toFixed(2)} %)`
    : ticker?.bid && !ticker.last ? 'best bid; nothing has traded yet' : '';
  at('change').className = change < 0 ? 'down' : 'up';
  at('high').textContent = ticker?.high ?? '–';
  at('low').textContent = ticker?.low ?? '–';
  at('volume').textContent = ticker ? `${ticker.volume} ${market.base}` : '–';
  at('count').textContent = ticker?.trades ?? '–';
  document.title = ticker?.last ? `${ticker.last} ${market.symbol} · Clobster` : 'Clobster';
}

const sum = levels => levels.reduce((total, [, quantity]) => total + Number(quantity), 0);

function withDepth(levels, deepest) {
  let total = 0;
  return levels.map(([price, quantity]) => {
    total += Number(quantity);
    return { cells: [price, quantity], depth: total / deepest };
  });
}

/** Make `box` hold these rows, reusing the elements that are there. */
function fill(box, rows, className) {
  while (box.children.length > rows.length) box.lastChild.remove();
  rows.forEach(({ cells, depth, tone }, index) => {
    let row = box.children[index];
    if (row?.className !== className) {
      const fresh = part('div', className);
      fresh.append(part('div', 'bar'), ...cells.map(() => part('span')));
      if (row) row.replaceWith(fresh);
      else box.append(fresh);
      row = fresh;
    }
    row.firstChild.style.transform = `scaleX(${depth ?? 0})`;
    cells.forEach((cell, column) => { row.children[column + 1].textContent = cell; });
    if (tone) row.children[1].className = tone;
  });
}

function part(tag, className = '', text = '') {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

async function start() {
  const { markets } = await (await fetch('/api/markets')).json();
  at('markets').replaceChildren(...markets.map(each => {
    const button = part('button', '', `${each.base}/${each.quote}`);
    button.type = 'button';
    button.dataset.symbol = each.symbol;
    button.addEventListener('click', () => choose(each));
    return button;
  }));
  if (markets.length) choose(markets[0]);
}

setInterval(draw, DRAW_EVERY_MS);
start().catch(() => { at('link').textContent = 'the exchange does not answer'; });
