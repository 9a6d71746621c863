"""Collections of enrolled faces: enrol and search."""
