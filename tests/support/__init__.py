"""What tests share: scenarios written as text, and slow, obvious models."""
