"""The stages of processing, one module each; their order stands in ``engine/pipeline.py``."""
