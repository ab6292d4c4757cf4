"""Servers of others, over loopback, that speak as the real ones do."""
