"""Rosters in: files of people and mandates, read, compared with the directory, reviewed, applied and undone."""
