"""The images: what a build sees, and how they are proven."""
