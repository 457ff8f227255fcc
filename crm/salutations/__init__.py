"""Salutations: how a contact is addressed in a letter, by office, gender where it is known, language and formality."""
