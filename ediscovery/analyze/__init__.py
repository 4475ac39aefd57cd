"""Hashes, deduplication, culling, language, entities, personal data."""
