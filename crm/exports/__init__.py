"""Exports: contacts taken out as tables, Popolo JSON or vCards, on record."""
