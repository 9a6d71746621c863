"""Pixels to boxes and landmarks."""
