"""The whole exchange as a process of its own, asked from outside."""
