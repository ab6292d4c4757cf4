"""The page at /wallet, where a wallet signs that it will open an account: HTML, CSS and ES modules of our own."""
