"""From a document to endorsed pages: what each kind becomes is written down in
``docs/rendering.md``."""
