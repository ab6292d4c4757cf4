"""svm_clob, an order book program on Solana, as a way to settle fills: docs/svm-clob.md says what for, and how.

Read in this order: `addresses`, `layouts` and `instructions` (the program as it is), `logs` and `errors` (what it
says), `trades` (a fill as trades there, to the atom), `passage` (what a group of fills takes in and out), `program`
(groups as transactions), then what asks the chain: `starting` and `landed`. All but the last two are pure.
"""
