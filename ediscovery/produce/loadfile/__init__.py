"""Load files: the tables that tell a receiving system what a production volume holds.

Writers take :class:`~.rows.Record` and :class:`~.rows.PageRow`, readers give them. The formats, to
the byte, stand in ``docs/loadfiles.md``.
"""
