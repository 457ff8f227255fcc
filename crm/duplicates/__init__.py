"""Contacts that may be one and the same: found, compared side by side, merged, or told apart for ever."""
