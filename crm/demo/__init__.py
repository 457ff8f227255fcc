"""A rehearsal: invented people of real institutions, a campaign under way and users to sign in as."""
