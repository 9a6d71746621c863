"""A photo's bytes to upright pixels."""
