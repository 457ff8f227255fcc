"""Campaigns, their targets, and where each target stands."""
