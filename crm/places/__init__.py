"""States, areas and the names they go by."""
