"""Figures of the product, each beside a named peer or a bare loop measured in the same run."""
