"""Binance's public market data: the local book and klines (sans-IO), recordings and their player, feeds, history."""
