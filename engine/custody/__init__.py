"""Money that comes from the chain: who has which address, what arrives there, and what of it is credited.

`accounts` is what is known of a token account, `judging` (pure) says what a transaction brings, `addresses` gives
addresses out, `watch` sees what arrives and credits it.
"""
