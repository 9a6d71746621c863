"""Galleries in memory, searched with FAISS and kept up to date."""
