"""The Telegram bot on aiogram will live here: dispatcher, routers per topic, keyboards, texts, notifications.

Nothing of it is built yet. It stands beside `webapp_api` on the same engine and imports nothing from there.
"""
