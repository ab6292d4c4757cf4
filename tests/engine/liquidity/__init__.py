"""Tests of the market maker."""
