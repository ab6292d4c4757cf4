"""Tests of data.solana."""
