"""The database: its schema, the one writer's connection, the readers and the questions they ask.

Read it in this order: schema (what is kept), statements and rows (how a batch becomes rows), store with sqlite and
postgres (the writer), connection, words and asking (one set of statements, two databases), snapshot (what a new writer
starts from), readers and queries (what people ask), candles and what they stand on (kept, reference), accounts, audit
(what must hold).
"""
