"""From bytes to items: identify, expand, extract text and metadata. Imports only the model."""
