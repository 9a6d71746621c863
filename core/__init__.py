"""Elastic Face Recognition: everything that is not an entry point."""
