"""What the page says: one JSON catalogue a language, all with the same keys and placeholders."""
