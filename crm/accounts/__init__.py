"""Users, teams, roles and sessions."""
