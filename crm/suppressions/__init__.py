"""Addresses that must not be written to: the list people see, add to, take out, and rarely lift from."""
