"""What is owed on chain: batches of moves between token accounts, followed until they are final. No RPC here."""
