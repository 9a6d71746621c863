"""What it costs that the service tells of itself."""
