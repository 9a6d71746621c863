"""Faces in LanceDB tables in the gallery bucket."""
