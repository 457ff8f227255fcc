"""Forms of the contact pages."""
