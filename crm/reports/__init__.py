"""What leads read."""
