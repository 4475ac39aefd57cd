"""Search: what a word is, the query language, and the indexes behind one protocol."""
