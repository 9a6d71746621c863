"""Faces of photos into collections."""
