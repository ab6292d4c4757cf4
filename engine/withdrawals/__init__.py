"""Money that goes out, from being asked for to being final on the chain.

`types` is what is known of a withdrawal, `rules` (pure) says what state that comes to and what may be, `targets` says
whether an address can be sent to, `withdrawals` is what people and administrators do, `payouts` sends and follows.
The money is the core's: it is held from the request on, and either paid when its transaction is final or given back.
"""
