"""Alembic's environment and the versions of the schema; `data.store.migrate` runs them.

For a new version change `data.store.schema` and write the next numbered file into `versions`, by hand: what a migration
does to people's money is read, not generated. A test says where the two differ. A version never changes once released.
"""
