"""Mail that comes back: kept whole, told apart, and brought to the letter and the contact it is about."""
