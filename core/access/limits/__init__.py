"""How much each caller may ask for in a time."""
