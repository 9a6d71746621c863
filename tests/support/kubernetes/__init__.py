"""The chart, and models of those who act on it."""
