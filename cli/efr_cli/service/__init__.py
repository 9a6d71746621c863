"""The service as commands about people and collections use it."""
