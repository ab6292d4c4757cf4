"""The database: real SQLite files."""
