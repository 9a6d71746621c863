"""The search among enrolled faces."""
