"""Tests of data.solana.localnet, through the real solana-py clients."""
