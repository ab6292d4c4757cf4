// The WebSocket: channels that go on where they stopped, whatever becomes of the connection.
import { signal } from '@preact/signals';

const QUIET_MS = 20_000; // after which we ask whether anybody is there
const ANSWER_MS = 5_000;
const LONGEST_S = 20;

/** @typedef {(message: ChannelMessage) => boolean | void} Taker false asks for a new snapshot */

/** 'live' once the server answers, 'away' while it does not. @type {import('@preact/signals').Signal<'connecting' | 'live' | 'away'>} */
export const connection = signal('connecting');

/** Raised when the server wants to know again who we are. @type {{auth: () => void, ended: () => void}} */
export const need = { auth: () => {}, ended: () => {} };

/** @type {Map<string, {takers: Set<Taker>, seq: number | null}>} */
const channels = new Map();
/** @type {WebSocket | null} */
let socket = null;
/** @type {string | null} */
let token = null;
let isAuthorized = false;
let tries = 0;
let heardAt = 0;
let isWaiting = false;

/** @param {string} channel */
const isPrivate = channel => channel.startsWith('user:');

/** @param {object} message */
function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

/** Ask for these channels, from where we are in each. @param {string[]} names */
function ask(names) {
  /** @type {Record<string, number>} */
  const since = {};
  const fresh = [];
  for (const name of names) {
    const seq = channels.get(name)?.seq;
    if (seq === null || seq === undefined) fresh.push(name);
    else since[name] = seq;
  }
  if (fresh.length) send({ op: 'subscribe', channels: fresh });
  if (Object.keys(since).length) send({ op: 'subscribe', since });
}

/** @param {boolean} wanted */
const names = wanted => [...channels.keys()].filter(name => isPrivate(name) === wanted);

/**
 * Follow a channel; returns how to stop. A taker that returns false has missed something and gets a snapshot.
 * @param {string} name @param {Taker} taker
 */
export function follow(name, taker) {
  let channel = channels.get(name);
  if (channel) {
    channel.takers.add(taker);
    channel.seq = null; // the newcomer needs a snapshot, and the others bear one
  } else {
    channel = { takers: new Set([taker]), seq: null };
    channels.set(name, channel);
  }
  if (!isPrivate(name) || isAuthorized) again(name);
  return () => {
    channel.takers.delete(taker);
    if (channel.takers.size || channels.get(name) !== channel) return;
    channels.delete(name);
    send({ op: 'unsubscribe', channels: [name] });
  };
}

/** Get a channel's snapshot (again). @param {string} name */
function again(name) {
  const channel = channels.get(name);
  if (!channel) return;
  channel.seq = null;
  send({ op: 'unsubscribe', channels: [name] });
  send({ op: 'subscribe', channels: [name] });
}

/** Say who we are; null for nobody, which takes a new connection. @param {string | null} access */
export function authorize(access) {
  const wasSomebody = token !== null;
  token = access;
  if (access) send({ op: 'auth', token: access });
  else if (wasSomebody) {
    for (const name of names(true)) forget(name);
    socket?.close();
  }
}

/** @param {string} name */
function forget(name) {
  const channel = channels.get(name);
  if (channel) channel.seq = null;
}

/** @param {ChannelMessage} message */
function take(message) {
  const channel = channels.get(message.channel);
  if (!channel) return;
  if (message.type === 'update') {
    if (channel.seq === null) return; // a snapshot is on its way
    if (message.seq !== channel.seq + 1) return again(message.channel);
  }
  channel.seq = message.seq;
  for (const taker of [...channel.takers]) if (taker(message) === false) again(message.channel);
}

/** @param {any} message */
function answered(message) {
  if (message.op !== 'auth') {
    if (message.error && message.op === 'subscribe') for (const each of channels.values()) each.seq = null;
    return;
  }
  const first = !isAuthorized && !message.error;
  isAuthorized = !message.error;
  if (message.error) need.auth();
  else if (first) ask(names(true));
}

export function connect() {
  const opened = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/ws`);
  socket = opened;
  isWaiting = false;
  isAuthorized = false;
  opened.onopen = () => {
    heardAt = Date.now();
    if (token) send({ op: 'auth', token });
    ask(names(false));
    send({ op: 'ping' }); // its answer says that we are live, also where nothing is followed
  };
  opened.onmessage = ({ data }) => {
    if (opened !== socket) return;
    heardAt = Date.now();
    tries = 0;
    connection.value = 'live';
    const message = JSON.parse(data);
    if (message.channel) take(message);
    else answered(message);
  };
  opened.onclose = ({ code }) => {
    if (opened !== socket) return;
    isAuthorized = false;
    if (code === 4001) need.ended();
    reconnect();
  };
}

function reconnect() {
  if (isWaiting) return;
  isWaiting = true;
  if (tries > 0) connection.value = 'away';
  const longest = Math.min(LONGEST_S, 0.25 * 2 ** tries++);
  setTimeout(connect, 100 + Math.random() * longest * 1000);
}

/** See whether the connection still is one, as after the phone has slept. */
function look() {
  if (isWaiting || !socket || Date.now() - heardAt < QUIET_MS) return;
  const [asked, before] = [socket, heardAt];
  send({ op: 'ping' });
  setTimeout(() => {
    if (asked !== socket || heardAt !== before || isWaiting) return;
    asked.onclose = null;
    asked.close();
    isAuthorized = false;
    connection.value = 'away';
    reconnect();
  }, ANSWER_MS);
}

export function start() {
  connect();
  setInterval(look, ANSWER_MS);
  addEventListener('online', look);
  addEventListener('offline', () => (connection.value = 'away'));
  document.addEventListener('visibilitychange', () => document.hidden || look());
}
