"""Trials of the home on one machine."""
