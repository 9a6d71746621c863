"""All collections in one file and back, and their move to another deployment."""
