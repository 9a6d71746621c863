"""Jobs, their results, and the photos that they name."""
