"""Review: coding, redactions, what the parties agreed; all of it append-only."""
