"""Engines: detection and recognition joined by profile."""
