"""The tests, one folder per package of the project, and what they share in `support`."""
