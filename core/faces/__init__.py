"""Photo bytes to faces. Knows no job, no AWS and no Flask."""
