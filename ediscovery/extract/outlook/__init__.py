"""Outlook's own formats: PST and OST stores, MSG files, and what both keep their messages in."""
