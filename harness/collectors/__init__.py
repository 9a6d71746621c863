"""Collectors of what the service tells of itself, for tests and benchmarks."""
