"""What contacts say of treaties: statements with their sources, and the stance that follows from them."""
