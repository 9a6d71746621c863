"""What a client can ask for, by subject."""
