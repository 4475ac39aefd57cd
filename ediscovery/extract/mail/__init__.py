"""Mail and what travels in it: messages, mailboxes, TNEF, S/MIME, PGP, calendars and contacts."""
