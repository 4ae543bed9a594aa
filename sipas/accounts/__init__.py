"""Who may do what at the desk: accounts, roles, sessions, and the log of deeds. Knows no Flask; see README.md."""
