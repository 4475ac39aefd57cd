"""Production: what leaves the building for another party."""
