"""Binance over loopback, from recordings: for development without a network, and for tests.

It speaks its streams, its public REST interface and its orders, and misbehaves on command. `server.py` joins the parts.
"""
