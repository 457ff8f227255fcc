"""What comes back from the readers of our letters: no more of them, an objection, a correction; and who sees to it."""
