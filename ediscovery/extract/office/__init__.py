"""Office documents, read from their own structures: OOXML, ODF and the OLE2 binary formats."""
