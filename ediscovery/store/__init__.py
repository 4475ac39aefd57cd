"""What a matter keeps: catalog, packs, audit log."""
