"""The books compared with the chain, an account at a time and without an end; a difference stops withdrawals."""
