"""Productions that were received: how the files of a volume belong together.

Load files are read and joined with the custody manifest; the engine then reads what stands in the
catalog. See ``docs/adr/010-received-productions.md``.
"""
