"""Everything that reads what others wrote, given what nobody would write: it is refused as it says, or read whole."""
