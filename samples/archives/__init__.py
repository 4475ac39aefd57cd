"""Writers of archives whose bytes depend on nothing but their input."""
