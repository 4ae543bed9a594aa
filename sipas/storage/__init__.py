"""The database and how it is written: sessions, shared commits, and files that give no block back unread. No Flask."""
