"""Every byte that lives outside the process: the store, Binance, Solana, the bus."""
