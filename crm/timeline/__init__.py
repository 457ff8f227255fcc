"""One indexed row per event of a contact, written by the feature where it happened."""
