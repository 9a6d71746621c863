"""Enrolling the people of a folder."""
