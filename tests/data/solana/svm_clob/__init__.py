"""Tests of data.solana.svm_clob, against a double of the program in a localnet."""
