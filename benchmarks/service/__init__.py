"""The whole service."""
