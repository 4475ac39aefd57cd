"""Archives: each member becomes a child, streamed, counted and charged; nothing is written out."""
