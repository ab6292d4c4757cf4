"""What people write and which buttons they tap. Each router is built by a function, as it can be attached once."""
