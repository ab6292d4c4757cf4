"""Solana: the localnet that stands in for a cluster in development; clients of any cluster come here too."""
