"""People and organizations in Popolo's terms: memberships, contact points, identifiers."""
