"""Letters: templates and their wordings, mailings to a frozen audience, one letter per recipient, and its ledger."""
