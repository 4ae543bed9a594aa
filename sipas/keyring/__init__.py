"""The keys of waves: made, used and destroyed as files, and sealed copies of them in another office."""
