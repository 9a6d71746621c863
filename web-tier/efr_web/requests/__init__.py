"""What requests say, read into models."""
