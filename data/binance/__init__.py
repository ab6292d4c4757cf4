"""Binance's public market data: the local book (sans-IO), recordings and their player, and the feeds of the engine."""
