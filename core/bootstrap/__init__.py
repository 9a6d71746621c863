"""Joins each process of the service on the infrastructure that it is given."""
