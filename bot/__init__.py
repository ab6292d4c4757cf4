"""The Telegram bot on aiogram: trade by chat. It stands beside `webapp_api` on the same engine.

service     built, started and stopped in one place
dispatcher  every update's way to its router
routers/    one topic each: what people write and which buttons they tap
updates     what comes from Telegram, each once
guards      what every update passes: by whom, in which language, and what is said to a refusal
wish        from what somebody writes to what they want, as text (pure)
plan        from what they want to an order and what it will come to (pure)
purse       deposit addresses, wallets, allowances
house       what administrators see and do
cards       orders that wait for their yes
trading     the engine, as one person uses it
shown       orders, trades and prices in words
people      what people chose
notices     from what happened to what is told; bodies: what that says, before it has a language
alarms      what administrators are told
alerts      price alerts, read by alert_wish
outbox      what waits to be told, in memory and on disk
sending     telling it, by telling (the words) at pace (Telegram's limits)
stores      where all of that is kept
chart/      pictures of candles
texts/      one catalogue a language

aiogram takes seconds to import: whoever starts the program imports this package's modules late.
"""
