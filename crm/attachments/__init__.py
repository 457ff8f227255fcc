"""Stored files: what people upload as evidence, kept once by what is in it."""
