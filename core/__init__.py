"""Elastic Face Recognition: everything that is not an entry point."""

__version__ = "0.1.0"
