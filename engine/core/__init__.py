"""Pure and deterministic: the same commands in the same order give the same events and state.

Read it in this order: types, market, commands, events, book, matching, ledger, fees, exchange.
Integers only; no clock, no IO, no randomness, no logging (import-linter holds it).
"""
