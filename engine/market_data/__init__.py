"""What everybody may know of a market, built from committed batches only: depth, recent trades, the last 24 hours.

depth (one market's book as totals per price), day (the last 24 hours by minute), market_data (all markets together).
"""
