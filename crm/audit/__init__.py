"""Append-only record of every write, with before and after, and the one undo built on it."""
