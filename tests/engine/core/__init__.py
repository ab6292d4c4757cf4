"""The pure core: scenarios as text, and models against which random play is compared."""
