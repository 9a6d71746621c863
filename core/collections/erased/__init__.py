"""What was erased from collections, so that it does not come back."""
