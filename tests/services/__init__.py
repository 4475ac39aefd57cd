"""Real servers for the tests, started on this machine without containers.

``python -m tests.services up`` starts them all, ``down`` stops them. Only the standard library is
imported here, so that the servers can start before the project's dependencies are installed.
"""
