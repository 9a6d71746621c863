"""Trials that a real Prometheus watches."""
