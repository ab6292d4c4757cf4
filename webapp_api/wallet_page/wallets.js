// The wallets of this browser, found by the Wallet Standard: a wallet registers itself, before us or after us.

const SIGN = 'solana:signMessage';
const CONNECT = 'standard:connect';

/** @typedef {{address: string, features: string[]}} WalletAccount */
/** @typedef {{name: string, chains?: string[], features: Record<string, any>}} Wallet */

/**
 * Call onWallets with all usable wallets, now and whenever one comes or goes; returns how to have it called again.
 * @param {(wallets: Wallet[]) => void} onWallets
 */
export function watch(onWallets) {
  /** @type {Set<Wallet>} */
  const found = new Set();
  const tell = () => onWallets([...found]);
  const api = Object.freeze({
    /** @param {Wallet[]} wallets */
    register(...wallets) {
      for (const wallet of wallets) if (signsForSolana(wallet)) found.add(wallet);
      tell();
      return () => {
        for (const wallet of wallets) found.delete(wallet);
        tell();
      };
    },
  });
  addEventListener('wallet-standard:register-wallet', (/** @type {any} */ event) => event.detail(api));
  dispatchEvent(new CustomEvent('wallet-standard:app-ready', { detail: api }));
  tell();
  return tell;
}

/** @param {Wallet} wallet */
const signsForSolana = wallet =>
  wallet.chains?.some(chain => chain.startsWith('solana:')) && CONNECT in wallet.features && SIGN in wallet.features;

/** Ask a wallet which account it will sign with. @param {Wallet} wallet @returns {Promise<WalletAccount>} */
export async function connect(wallet) {
  const { accounts } = await wallet.features[CONNECT].connect();
  const account = accounts.find((/** @type {WalletAccount} */ each) => each.features.includes(SIGN));
  if (!account) throw new Error('This wallet shares no account that can sign.');
  return account;
}

/**
 * Have an account sign a text; returns the signature in base64.
 * @param {Wallet} wallet @param {WalletAccount} account @param {string} text
 */
export async function sign(wallet, account, text) {
  const message = new TextEncoder().encode(text);
  const [{ signature }] = await wallet.features[SIGN].signMessage({ account, message });
  return btoa(String.fromCharCode(...signature));
}
