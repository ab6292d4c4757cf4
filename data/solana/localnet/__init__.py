"""A Solana of one's own, on loopback: LiteSVM behind the JSON-RPC and the PubSub that a cluster speaks.

Read in this order: `blocks` (slots, commitments, which blockhashes are valid), `vm` (LiteSVM), `history` (SQLite),
`chain` (the three together), then what is asked of it: `rpc` and its methods, `pubsub`, `server`, `faults`, and
`localnet`, which opens all of it on a directory.
"""
