// The wallets of this browser, found by the Wallet Standard: a wallet registers itself, before us or after us.

const SIGN = 'solana:signMessage';
const CONNECT = 'standard:connect';

/** Call onWallets with all usable wallets, now and whenever one comes or goes; returns how to have it called again. */
export function watch(onWallets) {
  const found = new Set();
  const tell = () => onWallets([...found]);
  const api = Object.freeze({
    register(...wallets) {
      for (const wallet of wallets) if (signsForSolana(wallet)) found.add(wallet);
      tell();
      return () => {
        for (const wallet of wallets) found.delete(wallet);
        tell();
      };
    },
  });
  addEventListener('wallet-standard:register-wallet', event => event.detail(api));
  dispatchEvent(new CustomEvent('wallet-standard:app-ready', { detail: api }));
  tell();
  return tell;
}

const signsForSolana = wallet =>
  wallet.chains?.some(chain => chain.startsWith('solana:')) && CONNECT in wallet.features && SIGN in wallet.features;

/** Ask a wallet which account it will sign with. */
export async function connect(wallet) {
  const { accounts } = await wallet.features[CONNECT].connect();
  const account = accounts.find(each => each.features.includes(SIGN));
  if (!account) throw new Error('This wallet shares no account that can sign.');
  return account;
}

/** Have an account sign a text; returns the signature in base64. */
export async function sign(wallet, account, text) {
  const message = new TextEncoder().encode(text);
  const [{ signature }] = await wallet.features[SIGN].signMessage({ account, message });
  return btoa(String.fromCharCode(...signature));
}
