"""The exchange itself: matching, money, the single writer and everything that stands on them.

Nothing here knows of HTTP, Telegram, SQL or Solana; what it needs of them it names in `engine.ports`.
"""
