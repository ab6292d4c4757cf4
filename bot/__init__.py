"""The Telegram bot on aiogram: trade by chat. It stands beside `webapp_api` on the same engine.

service     built, started and stopped in one place
routers/    one topic each: what people write and which buttons they tap
guards      what every update passes: once only, by whom, in which language, and what is said to a refusal
wish        from what somebody writes to what they want, as text (pure)
plan        from what they want to an order and what it will come to (pure)
purse       deposit addresses, wallets, allowances
house       what administrators see and do
cards       orders that wait for their yes
trading     the engine, as one person uses it
shown       orders, trades and prices in words
notices     fills, through one queue
pace        Telegram's limits
chart/      pictures of candles
texts/      one catalogue a language

aiogram takes seconds to import: whoever starts the program imports this package's modules late.
"""
