// One market's book as the channel depth:<symbol> tells it: a snapshot, then updates without a gap.

export class Book {
  #bids = new Map(); // price as written -> quantity as written
  #asks = new Map();
  #seq = null; // null while a snapshot is awaited

  /** Take a message over. Returns false where one is missing: then subscribe again. */
  take({ type, seq, data }) {
    if (type === 'snapshot') {
      this.#bids.clear();
      this.#asks.clear();
    } else if (this.#seq === null) {
      return true;
    } else if (seq !== this.#seq + 1) {
      this.#seq = null;
      return false;
    }
    this.#seq = seq;
    put(this.#bids, data.bids);
    put(this.#asks, data.asks);
    return true;
  }

  /** The best `count` levels a side, best first, as [price, quantity]. */
  best(count) {
    return {
      bids: [...this.#bids].sort((a, b) => b[0] - a[0]).slice(0, count),
      asks: [...this.#asks].sort((a, b) => a[0] - b[0]).slice(0, count),
    };
  }
}

function put(side, levels) {
  for (const [price, quantity] of levels) {
    if (Number(quantity) === 0) side.delete(price);
    else side.set(price, quantity);
  }
}
