"""Which words stand in whose text: what lets a search by any part of a word look at few rows instead of all."""
