"""Benchmarks: each writes an artifact to docs/benchmarks, and the pages made from it."""
