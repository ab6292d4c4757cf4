// A wallet as the Wallet Standard has it. The key is the test's: it is given window.testKey {address, key, declines} and window.signWithTestKey.
(() => {
  const account = {
    address: window.testKey.address,
    publicKey: new Uint8Array(window.testKey.key),
    chains: ['solana:localnet'],
    features: ['solana:signMessage'],
  };
  const wallet = {
    version: '1.0.0',
    name: 'Test Wallet',
    icon: 'data:image/svg+xml;base64,',
    chains: ['solana:mainnet', 'solana:localnet'],
    accounts: [],
    features: {
      'standard:connect': {
        version: '1.0.0',
        connect: async () => ({ accounts: (wallet.accounts = [account]) }),
      },
      'solana:signMessage': {
        version: '1.1.0',
        signMessage: async (...inputs) => Promise.all(inputs.map(async ({ message }) => {
          if (window.testKey.declines) throw Object.assign(new Error('User rejected the request.'), { code: 4001 });
          const signature = new Uint8Array(await window.signWithTestKey([...message]));
          return { signedMessage: message, signature };
        })),
      },
    },
  };
  const offer = ({ register }) => register(wallet);
  window.addEventListener('wallet-standard:app-ready', ({ detail }) => offer(detail));
  window.dispatchEvent(new CustomEvent('wallet-standard:register-wallet', { detail: offer }));
})();
