"""Conventions and what states did about them."""
