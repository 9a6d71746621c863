"""What tests of pages need: a browser."""
