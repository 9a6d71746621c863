"""The web tier: HTTP in, HTTP out; every decision is made behind it."""
