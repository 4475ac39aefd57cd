"""Revisions of the tables, one folder a kind of database; ``store/schema.py`` applies them."""
