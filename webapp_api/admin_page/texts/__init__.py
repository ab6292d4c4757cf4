"""What the operators' page says, by language."""
