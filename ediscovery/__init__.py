"""A document processing pipeline for legal discovery."""

__version__ = "0.1.0"
