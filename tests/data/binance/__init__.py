"""Tests of Binance's market data: the book, recordings and feeds."""
