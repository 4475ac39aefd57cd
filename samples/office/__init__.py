"""Writers of office files, new and old, and of the compound file that the old ones live in."""
