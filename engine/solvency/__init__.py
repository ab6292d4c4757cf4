"""Proof of solvency: what is owed to everybody, in a tree that each can check, beside what lies on the chain.

Read `proof`, which says what is hashed, then `tree`, and then `snapshots`, which takes one now and then.
"""
