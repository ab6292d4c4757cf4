// The WebSocket: one set of channels at a time, opened again with jitter when it breaks.

export class Link {
  #socket = null;
  #channels = [];
  #tries = 0;

  /** onMessage(message) gets every channel message; onState('live' | 'stale') says how things stand. */
  constructor(onMessage, onState) {
    this.onMessage = onMessage;
    this.onState = onState;
    this.#open();
  }

  /** Follow these channels instead of the ones before. */
  follow(channels) {
    this.#send('unsubscribe', this.#channels);
    this.#channels = channels;
    this.#send('subscribe', channels);
  }

  /** Get a channel's snapshot again. */
  again(channel) {
    this.#send('unsubscribe', [channel]);
    this.#send('subscribe', [channel]);
  }

  #send(op, channels) {
    if (this.#socket?.readyState === WebSocket.OPEN && channels.length) {
      this.#socket.send(JSON.stringify({ op, channels }));
    }
  }

  #open() {
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/ws`);
    this.#socket = socket;
    socket.onopen = () => {
      this.#tries = 0;
      this.onState('live');
      this.#send('subscribe', this.#channels);
    };
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.channel && this.#channels.includes(message.channel)) this.onMessage(message);
    };
    socket.onclose = () => {
      this.onState('stale');
      const longest = Math.min(30, 2 ** this.#tries++);
      setTimeout(() => this.#open(), 500 + Math.random() * longest * 1000);
    };
  }
}
