"""What the page does in a real browser over minutes and thousands."""
