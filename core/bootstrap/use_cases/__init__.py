"""Joins what works on the collections and people of a realm, each use case when it is wanted."""
