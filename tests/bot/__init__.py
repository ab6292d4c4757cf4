"""The bot through a Bot API on loopback, against a whole exchange."""
