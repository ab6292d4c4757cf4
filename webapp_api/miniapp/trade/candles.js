// The candles of one chart. Here decimals become numbers: what is drawn may be rounded, what is traded never is.
import * as api from '../lib/api.js';

const PAGE = 200;
const STEP_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @typedef {import('lightweight-charts').UTCTimestamp} Time */
/** @typedef {import('lightweight-charts').ISeriesApi<'Candlestick'>} Prices */
/** @typedef {import('lightweight-charts').ISeriesApi<'Histogram'>} Volume */

export class Candles {
  /** Oldest first. @type {Candle[]} */
  #all = [];
  #asking = false;
  #isWhole = false;
  #isOver = false;

  /** @param {string} symbol @param {string} interval @param {{prices: Prices, volume: Volume}} drawn
   * @param {() => {up: string, down: string}} colours of the volume */
  constructor(symbol, interval, { prices, volume }, colours) {
    this.path = `/api/markets/${symbol}/candles`;
    this.interval = interval;
    this.stepMs = Number(interval.slice(0, -1)) * STEP_MS[/** @type {'m'} */ (interval.slice(-1))];
    this.prices = prices;
    this.volume = volume;
    this.colours = colours;
  }

  get isEmpty() {
    return !this.#all.length;
  }

  /** @param {number} ms @returns {Time} of the candle in which that was */
  timeOf(ms) {
    return /** @type {Time} */ (Math.floor(ms / this.stepMs) * (this.stepMs / 1000));
  }

  /** @param {Time} time */
  has(time) {
    return !this.isEmpty && time * 1000 >= (this.#all[0]?.begin_at ?? 0);
  }

  /** @param {number | null} end @returns {Promise<Candle[]>} */
  async #page(end) {
    return (await api.insist(() => api.get(this.path + api.query({ interval: this.interval, limit: PAGE, end })))).candles;
  }

  /** Load the newest candles; older ones that are known and join them stay. */
  async newest() {
    const fresh = await this.#page(null);
    const first = fresh[0]?.begin_at ?? 0;
    const before = this.#all.filter(each => each.begin_at < first);
    const joins = before.at(-1)?.begin_at === first - this.stepMs;
    this.#all = joins ? [...before, ...fresh] : fresh;
    this.#isWhole = fresh.length < PAGE && !joins;
    this.show();
  }

  /** Load what was before. */
  async older() {
    const first = this.#all[0];
    if (!first || this.#asking || this.#isWhole) return;
    this.#asking = true;
    try {
      const page = await this.#page(first.begin_at - 1);
      this.#isWhole = page.length < PAGE;
      this.#all = [...page.filter(each => each.begin_at < first.begin_at), ...this.#all];
      this.show();
    } finally {
      this.#asking = false;
    }
  }

  /** Take the newest candle as it is now; silent intervals before it are flat. @param {Candle | null} candle */
  take(candle) {
    if (!candle) return;
    const last = this.#all.at(-1);
    if (last && candle.begin_at < last.begin_at) return;
    if (last?.begin_at === candle.begin_at) this.#all.pop();
    else if (last) {
      for (let at = last.begin_at + this.stepMs; at < candle.begin_at; at += this.stepMs) {
        const { close } = last;
        this.#push({ ...last, begin_at: at, open: close, high: close, low: close, volume: '0', reference_volume: null });
      }
    }
    this.#push(candle);
  }

  /** @param {Candle} candle */
  #push(candle) {
    this.#all.push(candle);
    this.prices.update(bar(candle));
    this.volume.update(column(candle, this.colours()));
  }

  /** Draw nothing any more: the chart is gone, or shows another interval, and answers may still be under way. */
  end() {
    this.#isOver = true;
  }

  show() {
    if (this.#isOver) return;
    const colours = this.colours();
    this.prices.setData(this.#all.map(bar));
    this.volume.setData(this.#all.map(each => column(each, colours)));
  }
}

/** @param {Candle} candle */
const bar = ({ begin_at, open, high, low, close }) => ({
  time: /** @type {Time} */ (begin_at / 1000), open: Number(open), high: Number(high), low: Number(low), close: Number(close),
});

/** @param {Candle} candle @param {{up: string, down: string}} colours */
const column = ({ begin_at, open, close, volume, reference, reference_volume }, { up, down }) => ({
  time: /** @type {Time} */ (begin_at / 1000),
  value: Number(reference ? reference_volume ?? 0 : volume),
  color: Number(close) >= Number(open) ? up : down,
});
