"""Mandates that end: who of our targets lost theirs, who comes after them, and what goes out of use with an office."""
