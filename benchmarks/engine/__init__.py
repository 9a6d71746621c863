"""The engine alone."""
