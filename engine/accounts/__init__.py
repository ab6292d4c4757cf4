"""Who is who: people, the doors and keys that open their accounts, their sessions, and who runs the exchange."""
