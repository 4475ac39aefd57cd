"""Writers of mail: MIME messages, mail stores, MSG, TNEF, S/MIME and PGP wrappers."""
