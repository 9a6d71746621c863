"""Grafana's dashboard of the service."""
