"""Alembic's environment and the versions of the schema. `data.store.migrate` runs it; `data.store.schema` is its goal.

A new version: change the schema, then `clobster`'s developers run
`alembic -x ... revision --autogenerate`; see CONTRIBUTING.
"""
