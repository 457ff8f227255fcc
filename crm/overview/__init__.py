"""Screens made of many features: the home page, the list of contacts, a contact's whole page, search."""
