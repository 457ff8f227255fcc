"""Who of the coalition wrote to whom lately: what we tell partners, and what they tell us."""
