"""Servers that imitate what the service asks."""
