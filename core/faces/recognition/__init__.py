"""Landmarks to aligned chips, embeddings and quality."""
