"""The single writer: inbox -> batch -> apply -> commit -> acknowledge -> publish."""
