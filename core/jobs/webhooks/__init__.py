"""Webhooks: who is told of what, how it is signed, and how it is sent."""
