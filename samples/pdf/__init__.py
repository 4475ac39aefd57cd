"""A writer of PDF files (ISO 32000-1) with forms, notes, hidden text, attachments, encryption."""
