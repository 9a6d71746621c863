"""How often the engine is right."""
