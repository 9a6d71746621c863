"""The page in a browser: what scripts and benchmarks need to look at it."""
