"""A mixed population that uses an exchange at a set rate: what `benchmarks/load.py` is made of."""
