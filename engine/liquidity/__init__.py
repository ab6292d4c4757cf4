"""The market maker: the quoting rule (pure: a book in, a ladder out) and the loop that runs it with house funds."""
