"""The page of the local mail catcher: what would have been sent, read in the product."""
