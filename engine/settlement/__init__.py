"""What is owed on chain will live here: batches, deposits, withdrawals, reconciliation; state machines without RPC.

Nothing of it is built yet. Trades already write what they owe into the settlement outbox (`data.store`).
"""
