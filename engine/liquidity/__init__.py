"""The market maker: a book in, a ladder out, with the house's funds. It concludes purely; three loops carry it out.

Read `external` (the other venue's book), `quoting`, `inventory`, `stops`, `profit` and `hedging`, which are pure, then
`desk`, which joins them for one market, then what runs: `maker`, `bookkeeping` and `hedger`.
"""
