// Link a wallet: choose one, see to whose account, sign, go back. Text goes in as text, never as markup.
import { connect, sign, watch } from './wallets.js';

const LOOK_FOR_MS = 700; // wallets register within moments; until then nobody is told that there is none

const at = id => document.getElementById(id);
const screens = [...document.querySelectorAll('main > section')];
let looked = false;
let asked = null; // what the chosen wallet is asked to sign

const code = () => location.hash.slice(1);

function show(id) {
  for (const screen of screens) screen.hidden = screen.id !== id;
  at('busy').hidden = at('trouble').hidden = true;
}

function wait(text) {
  for (const button of document.querySelectorAll('button')) button.disabled = text !== '';
  at('busy').hidden = text === '';
  at('busy').textContent = text;
}

/** Do something that takes time; say what went wrong, if it does. */
async function attempt(what, act) {
  at('trouble').hidden = true;
  wait(what);
  try {
    await act();
  } catch (error) {
    at('trouble').textContent = said(error);
    at('trouble').hidden = false;
    at('trouble').scrollIntoView({ block: 'nearest' });
  } finally {
    wait('');
  }
}

function said(error) {
  if (error?.code === 4001 || /reject|denied|cancel/i.test(error?.message)) {
    return 'You said no in your wallet. Nothing has changed.';
  }
  return error?.message || 'Your wallet did not answer. Try again.';
}

async function ask(path, body) {
  let answer;
  try {
    answer = await fetch(path, { method: 'POST', body: JSON.stringify({ code: code(), ...body }) });
  } catch {
    throw new Error('The exchange does not answer. Try again in a moment.');
  }
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error.message);
  return told;
}

const choose = wallet => attempt(`Look into ${wallet.name}: it asks whether to connect`, async () => {
  const account = await connect(wallet);
  const challenge = await ask('/api/wallet-links/challenge', { address: account.address });
  asked = { wallet, account, message: challenge.message };
  at('account').textContent = challenge.account_name;
  at('wallet').textContent = wallet.name;
  at('address').textContent = account.address;
  at('text').textContent = challenge.message;
  at('sign').textContent = `Sign with ${wallet.name}`;
  show('agree');
});

const agree = () => attempt(`Look into ${asked.wallet.name}: it shows the text to sign`, async () => {
  const { wallet, account, message } = asked;
  const signature = await sign(wallet, account, message);
  let signed;
  try {
    signed = await ask('/api/wallet-links/sign', { address: account.address, message, signature });
  } catch (error) {
    show('choose'); // the text is used up: begin again with a new one
    throw error;
  }
  at('signed').textContent = signed.address;
  at('back').hidden = !signed.return_url;
  at('close').hidden = Boolean(signed.return_url);
  if (signed.return_url) at('back').href = signed.return_url;
  show('done');
});

function list(wallets) {
  at('wallets').replaceChildren(...wallets.map(wallet => {
    const button = document.createElement('button');
    const letter = document.createElement('i');
    letter.textContent = [...wallet.name][0];
    letter.ariaHidden = 'true';
    button.append(letter, wallet.name);
    button.addEventListener('click', () => choose(wallet));
    const item = document.createElement('li');
    item.append(button);
    return item;
  }));
  at('lead').hidden = wallets.length === 0 && looked;
  at('looking').hidden = wallets.length > 0 || looked;
  at('none').hidden = wallets.length > 0 || !looked;
}

function start() {
  if (!code()) {
    show('code');
    return;
  }
  show('choose');
  const page = encodeURIComponent(location.href);
  const from = encodeURIComponent(location.origin);
  at('phantom').href = `https://phantom.app/ul/browse/${page}?ref=${from}`;
  at('solflare').href = `https://solflare.com/ul/v1/browse/${page}?ref=${from}`;
}

at('code-form').addEventListener('submit', event => {
  event.preventDefault();
  location.hash = at('code-field').value.trim();
});
at('sign').addEventListener('click', agree);
at('another').addEventListener('click', () => show('choose'));
addEventListener('hashchange', start);

start();
const again = watch(list);
setTimeout(() => {
  looked = true;
  again();
}, LOOK_FOR_MS);
