"""Joins the real parts: the one place that knows which they are."""
