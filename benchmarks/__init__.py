"""Measurements. Each file runs alone, prints a table, and with --json one JSON object as its last line."""
