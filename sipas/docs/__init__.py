"""Manuals, and the list of licences."""
