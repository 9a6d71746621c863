"""Bulk indexing, and its journal."""
