"""Tests of what lives outside the process."""
